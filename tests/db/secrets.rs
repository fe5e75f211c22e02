//! The password of the role, and the text of the connection: never in anything that is said.

use std::process::Command;

use harness::BOSS;
use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::run;
use serde_json::json;

use super::bed::Variant;
use super::bed::attacked;
use super::bed::cluster;

const PASSWORD: &str = "hunter2-correct-horse";

/// A configuration of one table, with a password from the environment.
fn world(connection: &str) -> World {
    let world = World::in_memory();
    world.file(
        "config.toml",
        format!(
            "[database]\nconnection = \"{connection}\"\npassword = \"env:DB_PASSWORD\"\n\n\
             [[tables]]\nname = \"public.base\"\nlabel = \"internal\"\n[tables.columns]\n\
             id = true\n"
        ),
    );
    world
}

fn command(world: &World, password: &str) -> Command {
    let mut command = Command::new(bin("scoped-db"));
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    command.args(world.arguments(&arguments)).env_clear();
    command.env("DB_PASSWORD", password);
    command
}

#[test]
fn a_password_is_used_and_never_said() {
    let Some(cluster) = cluster() else { return };
    let database = attacked(cluster, Variant::A);
    let boss = cluster.connect(BOSS, &database);
    boss.run(&format!(
        "do $$ begin create role keeper login in role needs_password password '{PASSWORD}'; \
         exception when duplicate_object then null; end $$"
    ));
    boss.run(
        "grant select (id) on public.base to keeper; \
         revoke usage on schema public, evil, sales, \"Ünï \"\"côde\"\"\" from public; \
         grant usage on schema public to keeper",
    );
    let connection = format!("{}?sslmode=disable", cluster.url("keeper", &database));
    let world = world(&connection);
    let arguments = ["--dangerous-allow-excess-privileges"];
    let mut raw = Raw::spawn(command(&world, PASSWORD).args(arguments), Era::Modern);
    raw.listen();
    let answer = raw.call("query_rows", json!({"sql": "SELECT count(*) FROM base"}));
    assert_eq!(answer.ok().structured()["rows"], json!([[3]]));
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", raw.pid())).unwrap();
    assert!(!line.contains(PASSWORD));
    raw.call("query_rows", json!({"sql": "SELECT nothing FROM base"}));
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in [PASSWORD, "keeper@", "postgres://", "SCRAM-SHA-256$"] {
        world.assert_never(&ended, secret);
    }
}

#[test]
fn a_wrong_password_is_refused_without_saying_it() {
    let Some(cluster) = cluster() else { return };
    let boss = cluster.connect(BOSS, "postgres");
    boss.run(&format!(
        "do $$ begin create role locked login in role needs_password password '{PASSWORD}'; \
         exception when duplicate_object then null; end $$"
    ));
    let world = world(&format!(
        "{}?sslmode=disable",
        cluster.url("locked", "postgres")
    ));
    for password in ["wrong-hunter3", ""] {
        let output = command(&world, password).output().expect("runs");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!told.contains("hunter"), "{told}");
        assert!(told.lines().count() < 12, "{told}");
    }
}

#[test]
fn a_password_that_is_written_out_is_refused_and_not_repeated() {
    let world = World::new();
    let place = "127.0.0.1:1/crm";
    let literal = [
        format!("postgres://app:{PASSWORD}@{place}"),
        format!("postgresql://app:{PASSWORD}@{place}?sslmode=disable"),
        format!("postgres://{place}?user=app&password={PASSWORD}"),
        format!("host=127.0.0.1 user=app password={PASSWORD}"),
        format!("host=127.0.0.1 user=app password='{PASSWORD}'"),
    ];
    for text in literal {
        world.file(
            "config.toml",
            format!("[database]\nconnection = \"{text}\"\n"),
        );
        let config = ["--config={dir}/config.toml", "--audit={dir}/audit"];
        let given = format!("--connection={text}");
        let seed = [given.as_str(), "--audit={dir}/audit"];
        for arguments in [&config[..], &seed[..]] {
            let ran = run(&bin("scoped-db"), &world.arguments(arguments));
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
            assert!(!ran.stderr.contains(place), "{}", ran.stderr);
            assert!(ran.stderr.contains("password"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
    // and where a reference belongs
    world.file(
        "config.toml",
        format!("[database]\nconnection = \"postgres://a@{place}\"\npassword = \"{PASSWORD}\"\n"),
    );
    let arguments = world.arguments(&["--config={dir}/config.toml", "--audit={dir}/audit"]);
    let ran = run(&bin("scoped-db"), &arguments);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("config.toml:3:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
