//! `compose-check` on the real binaries: what a whole host allows.

use harness::Ran;
use harness::World;
use harness::bin;
use serde_json::Value;
use serde_json::json;

/// A world with a public and a private root, and an API that is declared and never called.
fn world() -> World {
    let world = World::new();
    world.file("docs/a.md", "a\n");
    world.file(
        "private.toml",
        "[[roots]]\nname = \"pay\"\npath = \"docs\"\nlabel = \"confidential\"\ntrusted = true\n",
    );
    world.file(
        "public.toml",
        "[[roots]]\nname = \"docs\"\npath = \"docs\"\nlabel = \"public\"\n",
    );
    world.file(
        "api.toml",
        "[upstreams.crm]\nbase = \"https://crm.example\"\n\n\
         [endpoints.fetch-customer]\nupstream = \"crm\"\nget = \"/customers\"\nlabel = \"public\"\n",
    );
    for name in ["readonly-fs", "api-fetch"] {
        let _built = bin(name);
    }
    world
}

fn entry(server: &str, config: &str) -> Value {
    json!({"command": server, "args": ["--config", config, "--audit", "audit"]})
}

fn check(world: &World, host: &Value, more: &[&str]) -> Ran {
    world.file("host.json", host.to_string());
    let mut arguments = vec!["{dir}/host.json"];
    arguments.extend(more);
    let ran = harness::run(&bin("compose-check"), &world.arguments(&arguments));
    assert!(!world.path("audit").exists(), "nothing was served");
    ran
}

#[test]
fn private_data_content_of_others_and_a_way_out_in_one_host_are_an_error() {
    let world = world();
    let (private, public) = (
        entry("readonly-fs", "private.toml"),
        entry("readonly-fs", "public.toml"),
    );
    let api = entry("api-fetch", "api.toml");
    let leaves = "private-data-can-leave";
    for (host, code, expected) in [
        (json!({"pay": private, "crm": api}), 11, true),
        (json!({"docs": public, "crm": api}), 0, false),
        (json!({"pay": private, "docs": public}), 10, false),
    ] {
        let host = json!({"mcpServers": host});
        let ran = check(&world, &host, &[]);
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout.contains(leaves), expected, "{}", ran.stdout);
    }
    let host = json!({"servers": {"pay": private, "crm": api}});
    let ran = check(&world, &host, &["--accept", "crm=untrusted"]);
    assert!(!ran.stdout.contains(leaves), "{}", ran.stdout);
    let ran = check(&world, &host, &["--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(told["findings"][0]["code"], leaves);
    let servers = told["servers"].as_array().unwrap();
    let pay = servers.iter().find(|server| server["name"] == "pay");
    assert_eq!(pay.unwrap()["described"]["private"], true);
}

#[test]
fn a_grant_that_ended_and_a_secret_in_the_file_are_told_and_the_secret_is_not() {
    let world = world();
    world.file(
        "policy.toml",
        "[roles.all]\nclearance = \"confidential\"\n\n[[grants]]\nsubject = \"ada\"\nrole = \"all\"\n\
         until = 2026-01-01T00:00:00Z\n",
    );
    let mut pay = entry("readonly-fs", "private.toml");
    let more = ["--policy", "policy.toml", "--subject", "ada"];
    let arguments = pay["args"].as_array_mut().unwrap();
    arguments.extend(more.map(Value::from));
    pay["env"] = json!({"EXTERNAL_API_KEY": "hunter2"});
    let ran = check(&world, &json!({"mcpServers": {"pay": pay}}), &[]);
    assert_eq!(ran.code, Some(11), "{}", ran.stderr);
    for code in ["serves-nobody", "grants-ended", "literal-secret"] {
        assert!(ran.stdout.contains(code), "{code}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"));
}

#[test]
fn what_is_not_ours_is_never_run_and_said_to_be_unknown() {
    let world = world();
    let ran_file = world.path("ran");
    let script = format!("touch {}", ran_file.display());
    let host = json!({"mcpServers": {
        "shell": {"command": "sh", "args": ["-c", script]},
        "far": {"url": "https://mcp.example"},
        "fake": {"command": "./readonly-fs", "args": ["docs"]},
        "\u{1b}[2J\u{202e}": 7,
        "off": {"command": "sh", "disabled": true},
    }});
    world.file("readonly-fs", "#!/bin/sh\ntouch ran\n");
    let ran = check(&world, &host, &[]);
    assert_eq!(ran.code, Some(11));
    assert!(!ran_file.exists());
    assert_eq!(
        ran.stdout.matches("unknown-server").count(),
        3,
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("not the one that lies here"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("off: disabled"), "{}", ran.stdout);
    let fine = |letter: char| letter == '\n' || !letter.is_control() && letter != '\u{202e}';
    assert!(ran.stdout.chars().all(fine), "{:?}", ran.stdout);
}

#[test]
fn what_is_no_host_has_its_exit_code() {
    let world = world();
    for (text, code) in [("{", 2), ("{}", 2), ("[]", 2), ("{\"mcpServers\": {}}", 0)] {
        world.file("host.json", text);
        let arguments = world.arguments(&["{dir}/host.json"]);
        let ran = harness::run(&bin("compose-check"), &arguments);
        assert_eq!(ran.code, Some(code), "{text}: {}", ran.stderr);
    }
    let arguments = world.arguments(&["{dir}/host.json", "--accept", "nobody=none"]);
    assert_eq!(
        harness::run(&bin("compose-check"), &arguments).code,
        Some(2)
    );
}

#[test]
fn every_server_describes_itself_without_serving() {
    for name in harness::servers() {
        let help = harness::run(&bin(&name), &["--help".to_owned()]);
        assert!(help.stdout.contains("--describe"), "{name}");
    }
}
