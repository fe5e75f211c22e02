//! The units of systemd: every line that hardens them, what systemd says of them, who is who.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use harness::World;
use harness::servers;

use super::program;
use super::text;
use super::unit::Unit;

/// What stands in every service, word for word.
const HARDENED: [&str; 42] = [
    "DynamicUser=yes",
    "LogsDirectoryMode=0700",
    "NoExecPaths=/",
    "IPAddressDeny=any",
    "SocketBindDeny=any",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "PrivateUsers=yes",
    "PrivateDevices=yes",
    "DevicePolicy=closed",
    "PrivateTmp=yes",
    "PrivateIPC=yes",
    "PrivateMounts=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "KeyringMode=private",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RemoveIPC=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "UMask=0077",
    "SystemCallArchitectures=native",
    "SystemCallErrorNumber=EPERM",
    "SystemCallFilter=@system-service seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    "SystemCallFilter=~@privileged @resources @aio @ipc @keyring @memlock @setuid",
    "SystemCallFilter=pipe pipe2",
    "LimitCORE=0",
    "LimitNOFILE=1024",
    "TasksMax=64",
    "MemoryMax=512M",
    "MemorySwapMax=0",
];

/// What a service without a network has beside these.
const OFFLINE: [&str; 2] = ["PrivateNetwork=yes", "RestrictAddressFamilies=none"];

/// The services that reach out, which is what they are for.
const ONLINE: [&str; 2] = ["keyhole-api-fetch@.service", "keyhole-scoped-db@.service"];

/// What a service should say and does not, and what it says and should not.
fn amiss(unit: &Unit) -> Vec<String> {
    let said = unit.section("Service");
    let has = |line: &&&str| said.iter().any(|one| one == *line);
    let mut wanted: Vec<&str> = HARDENED.to_vec();
    if ONLINE.contains(&unit.name.as_str()) {
        wanted.push("RestrictAddressFamilies=AF_INET AF_INET6");
    } else {
        wanted.extend(OFFLINE);
    }
    let missing = wanted.iter().filter(|line| !has(line));
    let mut amiss: Vec<String> = missing.map(|line| format!("missing: {line}")).collect();
    // a key that is said twice may take back what the first one said
    let keys: Vec<&str> = said.iter().filter_map(|l| l.split('=').next()).collect();
    for key in wanted.iter().filter_map(|line| line.split('=').next()) {
        let meant = wanted
            .iter()
            .filter(|line| line.split('=').next() == Some(key));
        if keys.iter().filter(|known| **known == key).count() > meant.count() {
            amiss.push(format!("more than once: {key}"));
        }
    }
    amiss
}

#[test]
fn every_service_holds_every_line_that_hardens_it() {
    for unit in Unit::all(".service") {
        assert_eq!(amiss(&unit), Vec::<String>::new(), "{}", unit.name);
    }
}

#[test]
fn a_line_that_is_removed_weakened_or_taken_back_is_noticed() {
    for unit in Unit::all(".service") {
        for line in HARDENED {
            assert_eq!(amiss(&unit.without(line)).len(), 1, "{}: {line}", unit.name);
        }
        for (line, other) in [
            ("ProtectSystem=strict", "ProtectSystem=full"),
            ("UMask=0077", "UMask=0077\nUMask=0022"),
            ("NoExecPaths=/", "NoExecPaths=/\nNoExecPaths="),
        ] {
            let weak = Unit::parse(&unit.name, &unit.text.replace(line, other));
            assert_eq!(amiss(&weak).len(), 1, "{}: {other}", unit.name);
        }
    }
}

/// What `systemd-analyze security` makes of a unit: 0 is best, 10 worst.
fn exposure(analyze: &Path, world: &World, unit: &Unit) -> f64 {
    let name = unit.name.replace('@', "-");
    world.file(&name, &unit.text);
    let output = Command::new(analyze)
        .args(["security", "--offline=true", "--no-pager"])
        .arg(world.path(&name))
        .env("LC_ALL", "C")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, level) = said
        .rsplit_once("Overall exposure level for ")
        .unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    let figure = level.split_whitespace().nth(1).expect("a figure");
    figure.parse().expect("a figure")
}

#[test]
fn systemd_finds_next_to_nothing_exposed_and_more_where_lines_are_removed() {
    let Some(analyze) = program("systemd-analyze", "package systemd") else {
        return;
    };
    let world = World::new();
    for unit in Unit::all(".service") {
        let most = if ONLINE.contains(&unit.name.as_str()) {
            1.0
        } else {
            0.3
        };
        let found = exposure(&analyze, &world, &unit);
        assert!(found <= most, "{}: {found}", unit.name);
    }
    for unit in [ONLINE[0], "keyhole-readonly-fs@.service"].map(Unit::load) {
        let all = exposure(&analyze, &world, &unit);
        for line in [
            "CapabilityBoundingSet=",
            "IPAddressDeny=any",
            "PrivateDevices=yes",
            "PrivateUsers=yes",
            "RestrictNamespaces=yes",
        ] {
            let without = exposure(&analyze, &world, &unit.without(line));
            assert!(without > all, "{} without {line}: {without}", unit.name);
        }
        let bare = HARDENED
            .iter()
            .fold(unit.clone(), |unit, line| unit.without(line));
        let bare = exposure(&analyze, &world, &bare);
        assert!(bare > 5.0, "{} bare: {bare}", unit.name);
    }
}

/// What `systemd-analyze verify` complains of in all units together, with binaries where they say.
fn complaints(analyze: &Path, world: &World, change: impl Fn(&str) -> String) -> String {
    let mut files = Vec::new();
    for kind in [".service", ".socket", ".timer"] {
        for unit in Unit::all(kind) {
            let here = world.path("bin").display().to_string();
            let text = change(&unit.text)
                .replace("ExecStart=/usr/local/bin", &format!("ExecStart={here}"));
            world.file(&format!("units/{}", unit.name), text);
            files.push(world.path(&format!(
                "units/{}",
                unit.name.replace("@.", "@readonly-fs.")
            )));
            if kind == ".service" {
                let binary = format!("bin/{}", unit.binary());
                world.file(&binary, "").mode(&binary, 0o755);
            }
        }
    }
    let path = format!("{}:", world.path("units").display());
    let output = Command::new(analyze)
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(files)
        .env("SYSTEMD_UNIT_PATH", path)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = said.lines().filter(|line| line.contains("keyhole"));
    let mut ours: Vec<&str> = ours.collect();
    if !output.status.success() && ours.is_empty() {
        ours.extend(said.lines());
    }
    ours.join("\n")
}

#[test]
fn systemd_verifies_every_unit_and_complains_of_a_key_that_it_does_not_know() {
    let Some(analyze) = program("systemd-analyze", "package systemd") else {
        return;
    };
    let world = World::new();
    assert_eq!(complaints(&analyze, &world, str::to_owned), "");
    for (line, other) in [
        ("NoNewPrivileges=yes", "NoNewPrivilege=yes"),
        ("SystemCallFilter=pipe pipe2", "SystemCallFilter=pipes"),
        ("Accept=yes", "Accept=perhaps"),
        ("Persistent=yes", "Persists=yes"),
    ] {
        let world = World::new();
        let said = complaints(&analyze, &world, |text| text.replace(line, other));
        assert!(!said.is_empty(), "{other}");
    }
}

#[test]
fn each_server_has_a_socket_a_session_a_user_a_trail_and_a_key_of_its_own() {
    let mut seen = BTreeSet::new();
    for server in servers() {
        let session = Unit::load(&format!("keyhole-{server}@.service"));
        let socket = Unit::load(&format!("keyhole-{server}.socket"));
        assert_eq!(socket.one("Accept"), "yes", "{server}");
        assert_eq!(socket.one("SocketMode"), "0660", "{server}");
        assert_eq!(
            socket.one("ListenStream"),
            format!("%t/keyhole/{server}.sock")
        );
        for stream in ["StandardInput", "StandardOutput"] {
            assert_eq!(session.one(stream), "socket", "{server}");
        }
        let command = session.command("i");
        let after = |flag: &str| {
            let at = command.iter().position(|word| word == flag);
            command[at.unwrap_or_else(|| panic!("{server}: {flag}")) + 1].clone()
        };
        assert_eq!(session.binary(), server);
        assert_eq!(after("--config"), format!("/etc/keyhole/{server}.toml"));
        let logs = session.one("LogsDirectory");
        assert_eq!(after("--audit"), format!("/var/log/{logs}"), "{server}");
        // the group that may open the socket is the subject that the session is for
        let group = socket.one("SocketGroup");
        assert_eq!(group, format!("keyhole-{}", after("--subject")), "{server}");
        let groups = text("systemd/keyhole.sysusers.conf");
        assert!(groups.lines().any(|line| line == format!("g {group} -")));
        // the one who reads the trail of another is its user
        let owner = logs.strip_prefix("keyhole/").expect("below keyhole/");
        assert_eq!(session.one("User"), format!("keyhole-{owner}"));
        assert!(server == "audit-review" || owner == server);
        assert!(server == "audit-review" || seen.insert(logs.to_owned()));
        let key = format!("trail-key:/etc/keyhole/keys/{owner}.key");
        assert!(session.words("LoadCredential").contains(&key), "{server}");
    }
}

#[test]
fn what_may_be_executed_is_the_binary_and_its_secrets_are_those_it_names() {
    for unit in Unit::all(".service") {
        let command = unit.command("readonly-fs");
        assert_eq!(
            unit.words("ExecPaths"),
            [command[0].as_str()],
            "{}",
            unit.name
        );
        let handed: BTreeSet<String> = unit
            .words("LoadCredential")
            .iter()
            .filter_map(|one| Some(one.split_once(':')?.0.to_owned()))
            .collect();
        let mut asked = BTreeSet::new();
        let config = command.iter().find(|word| word.ends_with(".toml"));
        if let Some(file) = config.and_then(|path| path.strip_prefix("/etc/")) {
            let config = text(&format!("systemd/{file}"));
            let names = config.split("\"cred:").skip(1);
            asked.extend(names.filter_map(|rest| Some(rest.split('"').next()?.to_owned())));
        }
        let paths = command
            .iter()
            .filter_map(|w| w.strip_prefix("/run/credentials/"));
        asked.extend(paths.map(str::to_owned));
        assert_eq!(handed, asked, "{}", unit.name);
    }
}

#[test]
fn the_trail_is_watched_by_a_service_and_checked_and_pruned_by_timers() {
    let watch = Unit::load("keyhole-watch@.service");
    assert_eq!(watch.one("Restart"), "on-failure");
    assert!(watch.command("i").contains(&"watch".to_owned()));
    for job in ["verify", "prune"] {
        let timer = Unit::load(&format!("keyhole-{job}@.timer"));
        assert_eq!(timer.one("Persistent"), "yes");
        assert!(!timer.one("OnCalendar").is_empty());
        let service = Unit::load(&format!("keyhole-{job}@.service"));
        assert_eq!(service.one("Type"), "oneshot");
        assert_eq!(service.command("i")[1], job);
    }
}
