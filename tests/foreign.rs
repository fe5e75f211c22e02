//! What others wrote, on the real binaries: the Inspector, the Python SDK, a token server, an AWS.
//!
//! `tests/foreign/setup` installs them. Where they are missing the tests say so and pass, unless
//! `KEYHOLE_FOREIGN` is set: then they fail.

mod aws;
mod exported;
mod forwarded;
mod oauth;
mod telemetry;

use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use harness::World;
use harness::bin;
use harness::loudly;
use harness::workspace;
use serde_json::Value;
use serde_json::json;

/// A file that `setup` makes, or none and a loud word.
fn installed(name: &str) -> Option<PathBuf> {
    let path = workspace().join("tests/foreign").join(name);
    if path.exists() {
        return Some(path);
    }
    let set =
        |name| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    let must = set("KEYHOLE_FOREIGN");
    assert!(!must, "{name} is missing: run tests/foreign/setup");
    loudly(&format!(
        "foreign clients: {name} is missing; run tests/foreign/setup"
    ));
    None
}

fn world() -> World {
    let world = World::new();
    world.file("root/small.txt", "small\n");
    world
}

fn served(world: &World) -> Vec<String> {
    world.arguments(&["--audit={dir}/audit", "docs={dir}/root"])
}

fn label(meta: &Value) -> &Value {
    &meta["dev.keyhole/security-label"]["level"]
}

#[test]
fn the_python_sdk_lists_calls_reads_and_is_refused() {
    let (Some(python), Some(driver)) = (installed("venv/bin/python"), installed("client.py"))
    else {
        return;
    };
    let world = world();
    let mut command = Command::new(python);
    command
        .arg(driver)
        .arg(bin("readonly-fs"))
        .args(served(&world));
    let output = command.output().expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(seen["initialize"]["serverInfo"]["name"], "readonly-fs");
    let tools = seen["tools"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 6);
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
    }
    assert_eq!(seen["read"]["content"][0]["text"], "small\n");
    assert_eq!(*label(&seen["read"]["_meta"]), "internal");
    assert_eq!(seen["absent"]["isError"], true);
    assert_eq!(seen["absent"]["structuredContent"]["code"], "not_found");
    assert_eq!(seen["malformed"]["structuredContent"]["code"], "malformed");
    assert_eq!(seen["unknown"], -32602);
    assert_eq!(
        seen["resources"]["resources"][1]["uri"],
        "fs://docs/small.txt"
    );
    assert_eq!(
        *label(&seen["resources"]["resources"][1]["_meta"]),
        "internal"
    );
    assert_eq!(
        seen["templates"]["resourceTemplates"][0]["uriTemplate"],
        "fs://{root}/{+path}"
    );
    assert_eq!(seen["resource"]["contents"][0]["text"], "small\n");
    assert_eq!(
        *label(&seen["resource"]["contents"][0]["_meta"]),
        "internal"
    );
    let code = seen["resource-absent"].as_i64();
    assert!(matches!(code, Some(-32002 | -32602)), "{code:?}");
    world.trail();
}

/// Runs the Inspector in one era and gives what it printed, with its exit code.
fn inspect(world: &World, era: &str, arguments: &[&str]) -> Option<(Value, Option<i32>)> {
    let inspector = installed("node_modules/.bin/mcp-inspector")?;
    let node = installed("node_modules/node/bin/node")?;
    let server = json!({"command": bin("readonly-fs"), "args": served(world), "protocolEra": era});
    world.file(
        "inspector.json",
        json!({"mcpServers": {"fs": server}}).to_string(),
    );
    let mut command = Command::new(node);
    command.arg(std::fs::canonicalize(inspector).expect("a link"));
    command
        .arg("--cli")
        .arg("--config")
        .arg(world.path("inspector.json"));
    command
        .args(["--server", "fs", "--format", "json"])
        .args(arguments);
    command
        .env("HOME", world.path(""))
        .env("MCP_INSPECTOR_SECRET_STORE", "memory");
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("node runs");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    let seen: Value =
        serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("{era} {arguments:?}: {said}"));
    Some((seen["result"].clone(), status.code()))
}

#[test]
fn the_inspector_lists_calls_reads_and_is_refused_in_both_eras() {
    let world = world();
    for era in ["legacy", "modern"] {
        let Some((listed, code)) = inspect(&world, era, &["--method", "tools/list"]) else {
            return;
        };
        assert_eq!(
            (listed["tools"].as_array().map(Vec::len), code),
            (Some(6), Some(0))
        );
        let call = [
            "--method",
            "tools/call",
            "--tool-name",
            "read_file",
            "--tool-arg",
        ];
        let read = [&call[..], &["path=docs/small.txt"]].concat();
        let (read, code) = inspect(&world, era, &read).unwrap();
        assert_eq!(
            (&read["content"][0]["text"], code),
            (&json!("small\n"), Some(0))
        );
        assert_eq!(*label(&read["_meta"]), "internal", "{era}");
        let absent = [&call[..], &["path=docs/none"]].concat();
        let (absent, code) = inspect(&world, era, &absent).unwrap();
        assert_eq!(
            (&absent["structuredContent"]["code"], code),
            (&json!("not_found"), Some(5))
        );
        let read = ["--method", "resources/read", "--uri", "fs://docs/small.txt"];
        let (read, code) = inspect(&world, era, &read).unwrap();
        assert_eq!(
            (&read["contents"][0]["text"], code),
            (&json!("small\n"), Some(0))
        );
    }
    world.trail();
}
