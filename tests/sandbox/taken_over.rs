//! What a taken-over process can still do.

use harness::BOSS;
use harness::Cluster;

use super::Prey;

/// What every server can do: it lives, and it looks at names.
const ALWAYS: &[&str] = &[
    "map",
    "pair-of-streams",
    "stat-outside",
    "thread",
    "trail-append",
    "trail-begin-segment",
];

/// [`ALWAYS`] and `more`, in the order of the attempts.
fn allowed(more: &[&'static str]) -> Vec<&'static str> {
    let mut all = [ALWAYS, more].concat();
    all.sort_unstable();
    all
}

#[test]
fn i_a_readonly_fs_that_is_taken_over_reads_its_roots_and_appends_to_its_trail() {
    let prey = Prey::new();
    let profile = prey.profile("readonly-fs", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "require", None);
    assert_eq!(tried.first["enforced"]["missing"], serde_json::json!([]));
    // `openat2` takes its flags where no filter sees them: bytes of the trail can be written
    // again there, which its chain shows
    let more = ["inotify", "read-inside", "trail-overwrite-by-openat2"];
    assert_eq!(tried.let_through(), allowed(&more));
    assert_eq!(prey.arrived(), [""; 0]);
}

#[test]
fn i_an_audit_review_that_is_taken_over_reads_the_trail_and_appends_to_it() {
    let prey = Prey::new();
    let profile = prey.profile("audit-review", &[]);
    let tried = prey.try_all(&profile, "require", None);
    assert_eq!(tried.let_through(), allowed(&[]));
    assert_eq!(prey.arrived(), [""; 0]);
    let before = "a line that was recorded\n";
    assert_eq!(
        prey.world.read("audit/earlier"),
        before,
        "not changed in place"
    );
}

const API: &str = "[upstreams.crm]\nbase = \"https://crm.example.com\"\n\
    credential = { bearer = \"file:keys/crm\" }\n\n[endpoints.look]\nupstream = \"crm\"\n\
    get = \"/things\"\npermission = \"crm:read\"\nlabel = \"internal\"\n";

/// A world in which api-fetch is configured, with a key in a directory of its own.
fn with_api() -> Prey {
    let prey = Prey::new();
    prey.world.file("keys/crm", b"key").mode("keys/crm", 0o600);
    let key = format!("file:{}/keys/crm", prey.dir());
    prey.world
        .file("config.toml", API.replace("file:keys/crm", &key));
    prey
}

#[test]
fn i_an_api_fetch_that_is_taken_over_reaches_nothing_by_itself() {
    let prey = with_api();
    let profile = prey.profile("api-fetch", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "require", None);
    assert_eq!(tried.first["enforced"]["missing"], serde_json::json!([]));
    assert_eq!(tried.first["enforced"]["gaps"], serde_json::json!([]));
    assert_eq!(tried.let_through(), allowed(&[]));
    assert_eq!(prey.arrived(), [""; 0]);
}

#[test]
fn i_a_scoped_db_that_is_taken_over_reaches_nothing_by_itself() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let prey = Prey::new();
    let database = cluster.database("confined", |cluster, name| {
        let boss = cluster.connect(BOSS, name);
        boss.run("create table things (id int); create role confined login");
        boss.run("grant select on things to confined");
        boss.run(&format!("revoke temporary on database {name} from public"));
    });
    let boss = cluster.connect(BOSS, &database);
    boss.run(&format!(
        "revoke temporary on database {database} from public"
    ));
    let url = cluster.url("confined", &database);
    let config = format!(
        "[database]\nconnection = \"{url}?sslmode=disable\"\n[[tables]]\nname = \"things\"\n\
         label = \"internal\"\n[tables.columns]\nid = true\n"
    );
    prey.world.file("config.toml", config);
    let profile = prey.profile("scoped-db", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "require", None);
    assert_eq!(tried.first["enforced"]["gaps"], serde_json::json!([]));
    assert_eq!(tried.let_through(), allowed(&[]));
    assert_eq!(prey.arrived(), [""; 0]);
}

#[test]
fn i_a_second_process_that_is_taken_over_connects_to_declared_ports_and_reads_declared_files() {
    let prey = with_api();
    let profile = prey.second("api-fetch", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "require", None);
    let through = tried.let_through();
    for reaches in ["socket-tcp", "socket-udp", "socket-route"] {
        assert!(through.contains(&reaches), "{reaches}: {through:?}");
    }
    for refused in [
        "read-outside",
        "list-root",
        "connect-forbidden-port",
        "fast-open-sendto",
        "fast-open-sendmsg",
        "fast-open-sendmmsg",
        "socket-mptcp",
        "socket-unix",
        "socket-raw",
        "socket-diagnosis",
        "write-outside",
        "append-outside",
        "create-inside",
        "trail-append",
        "trail-begin-segment",
        "trail-overwrite",
        "trail-truncate-open",
        "execve",
        "fork",
        "ptrace",
        "memfd",
        "listen",
    ] {
        assert!(!through.contains(&refused), "{refused}");
    }
    // the resolver sends datagrams to whom it was told, so anybody can be sent some
    assert_eq!(prey.arrived(), ["udp: taken-over"]);
    let gaps = tried.first["enforced"]["gaps"].to_string();
    assert!(gaps.contains("datagrams"), "{gaps}");
}

#[test]
fn i_without_one_of_its_layers_the_same_attempts_succeed() {
    let prey = Prey::new();
    let profile = prey.profile("readonly-fs", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "best-effort", Some("landlock"));
    let through = tried.let_through();
    for what in [
        "read-outside",
        "read-passwd",
        "list-root",
        "read-by-link",
        "append-outside",
    ] {
        assert!(through.contains(&what), "{what}: {through:?}");
    }
    assert_eq!(prey.arrived(), [""; 0], "the filter stands on its own");

    let prey = Prey::new();
    let profile = prey.profile("readonly-fs", &["--config={dir}/config.toml"]);
    let tried = prey.try_all(&profile, "best-effort", Some("seccomp"));
    let through = tried.let_through();
    for what in [
        "execve",
        "fork",
        "memfd",
        "chmod",
        "trail-overwrite",
        "socket-udp",
    ] {
        assert!(through.contains(&what), "{what}: {through:?}");
    }
    assert!(
        !through.contains(&"read-outside"),
        "Landlock stands on its own"
    );
    let arrived = prey.arrived();
    assert!(
        arrived.contains(&"udp: taken-over".to_owned()),
        "{arrived:?}"
    );
}
