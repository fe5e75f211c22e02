//! A password that a vault keeps, changes, and keeps back.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use harness::BOSS;
use harness::Era;
use harness::Raw;
use harness::Sql;
use harness::World;
use harness::bin;
use serde_json::json;

use super::bed::Variant;
use super::bed::attacked;
use super::bed::cluster;

const TOKEN: &str = "hvs.hunter2-token";
const KEPT: &str = "vault:secret/crm#password";

/// A vault that answers with this status, and with this as the password.
#[derive(Clone)]
struct Vault {
    says: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
    address: String,
}

impl Vault {
    fn start(password: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new((200, password.to_owned())));
        let vault = Self {
            says,
            asked: Arc::default(),
            address,
        };
        let answers = vault.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = String::new();
                let mut reader = BufReader::new(&stream);
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let (status, body) = answers.answer(&head);
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
                drop(stream.write_all(answer.as_bytes()));
            }
        });
        vault
    }

    fn answer(&self, head: &str) -> (u16, String) {
        let (status, password) = self.says.lock().unwrap().clone();
        if !head.contains(&format!("X-Vault-Token: {TOKEN}\r\n")) {
            return (403, json!({"errors": ["permission denied"]}).to_string());
        }
        let path = head.split(' ').nth(1);
        let asked = path.unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(asked);
        let lease = json!({"lease_id": "database/creds/crm/hunter2", "lease_duration": 3, "renewable": true});
        let body = match path {
            _ if status != 200 => json!({"errors": [format!("hunter2 {password}")]}),
            Some("/v1/sys/internal/ui/mounts/secret/crm") => {
                json!({"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}})
            }
            Some("/v1/sys/internal/ui/mounts/database/creds/crm") => {
                json!({"data": {"path": "database/", "type": "database"}})
            }
            Some("/v1/database/creds/crm") => {
                let mut made = lease;
                made["data"] = json!({"username": "turning", "password": password});
                made
            }
            Some("/v1/sys/leases/renew") => lease,
            Some("/v1/secret/data/crm") => json!({"data": {"data": {"password": password}}}),
            _ => return (404, json!({"errors": []}).to_string()),
        };
        (status, body.to_string())
    }

    /// How often it was asked for this.
    fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == path).count()
    }

    fn set(&self, status: u16, password: &str) {
        *self.says.lock().unwrap() = (status, password.to_owned());
    }
}

fn world(vault: &Vault, connection: &str, place: &str) -> World {
    let world = World::in_memory();
    world.file("token", TOKEN);
    std::fs::set_permissions(
        world.path("token"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    world.file(
        "config.toml",
        format!(
            "[database]\nconnection = \"{connection}\"\npassword = \"{place}\"\n\n\
             [guard.secrets.vault]\naddress = \"{}\"\ntoken = \"file:{}\"\n\n\
             [[tables]]\nname = \"public.base\"\nlabel = \"internal\"\n[tables.columns]\nid = true\n",
            vault.address,
            world.path("token").display(),
        ),
    );
    world
}

fn command(world: &World, more: &[&str]) -> Command {
    let mut command = Command::new(bin("scoped-db"));
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    command
        .args(more)
        .args(world.arguments(&arguments))
        .env_clear();
    command
}

/// Lets `role` in by a password.
fn prepare(boss: &Sql, role: &str) {
    boss.run(&format!(
        "do $$ begin create role {role} login in role needs_password password 'hunter2-first'; \
         exception when duplicate_object then null; end $$"
    ));
    boss.run(&format!(
        "grant select (id) on public.base to {role}; \
         revoke usage on schema public, evil, sales, \"Ünï \"\"côde\"\"\" from public; \
         grant usage on schema public to {role}"
    ));
}

#[test]
fn a_password_that_the_vault_changes_needs_no_restart() {
    let Some(cluster) = cluster() else { return };
    let database = attacked(cluster, Variant::A);
    let boss = cluster.connect(BOSS, &database);
    prepare(&boss, "turning");
    let vault = Vault::start("hunter2-first");
    let connection = format!("{}?sslmode=disable", cluster.url("turning", &database));
    let world = world(&vault, &connection, KEPT);
    let arguments = ["--dangerous-allow-excess-privileges"];
    let mut raw = Raw::spawn(&mut command(&world, &arguments), Era::Modern);
    raw.listen();
    let count = json!({"sql": "SELECT count(*) FROM base"});
    let rows = json!([[3]]);
    assert_eq!(
        raw.call("query_rows", count.clone()).ok().structured()["rows"],
        rows
    );
    boss.run("alter role turning password 'hunter2-second'");
    vault.set(200, "hunter2-second");
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'turning'";
    boss.run(end);
    assert_eq!(
        raw.call("query_rows", count.clone()).ok().structured()["rows"],
        rows
    );
    // sealed: what is known goes on
    vault.set(503, "");
    boss.run(end);
    assert_eq!(
        raw.call("query_rows", count).ok().structured()["rows"],
        rows
    );
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in ["hunter2", TOKEN] {
        world.assert_never(&ended, secret);
    }
}

#[test]
fn a_lease_is_renewed_by_the_second_process_while_the_kernel_holds_it_down() {
    let Some(cluster) = cluster() else { return };
    let database = attacked(cluster, Variant::A);
    let boss = cluster.connect(BOSS, &database);
    prepare(&boss, "leased");
    let vault = Vault::start("hunter2-first");
    let connection = format!("{}?sslmode=disable", cluster.url("leased", &database));
    let world = world(&vault, &connection, "vault:database/creds/crm#password");
    let arguments = ["--dangerous-allow-excess-privileges", "--sandbox=require"];
    let mut raw = Raw::spawn(&mut command(&world, &arguments), Era::Modern);
    raw.listen();
    let count = json!({"sql": "SELECT count(*) FROM base"});
    let mut is_answered = || {
        boss.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'leased'");
        let answer = raw.call("query_rows", count.clone());
        assert_eq!(answer.ok().structured()["rows"], json!([[3]]));
    };
    let made = || vault.asked("/v1/database/creds/crm");
    let renewed = || vault.asked("/v1/sys/leases/renew");
    is_answered();
    assert_eq!((made(), renewed()), (1, 0));
    thread::sleep(Duration::from_millis(2100));
    is_answered();
    assert_eq!((made(), renewed()), (1, 1));
    // beyond its end there is no renewing
    thread::sleep(Duration::from_millis(3100));
    is_answered();
    assert_eq!((made(), renewed()), (2, 1));
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in ["hunter2", TOKEN] {
        world.assert_never(&ended, secret);
    }
}

#[test]
fn a_check_tells_what_a_vault_says_and_nothing_of_it() {
    let vault = Vault::start("hunter2-canary");
    let world = world(&vault, "postgres://app@127.0.0.1:1/crm", KEPT);
    let check = || {
        let output = command(&world, &["secret", "check"])
            .output()
            .expect("runs");
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).expect("text");
        assert!(!told.contains("hunter2"), "{told}");
        (output.status.code(), told)
    };
    let (code, told) = check();
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("vault:secret/crm#password: ok, 1-15 bytes"),
        "{told}"
    );
    for (status, remedy) in [
        (503, "unseal it"),
        (403, "no engine is mounted there that the token may use"),
        (307, "standby"),
    ] {
        vault.set(status, "hunter2-canary");
        let (code, told) = check();
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains(remedy), "{status}: {told}");
    }
    world.file("token", "another");
    let (code, told) = check();
    assert_eq!(code, Some(3), "{told}");
}
