//! The example `crm-api`, as its `mcp.json` starts it, in front of the sample CRM.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::workspace;
use serde_json::Value;
use serde_json::json;

/// The sample CRM on a port of its own.
struct Crm(Child, String);

impl Crm {
    fn start() -> Self {
        let mut command = Command::new(bin("sample-crm"));
        command.arg("0").env_clear().stdout(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let mut base = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut base).expect("it says where it is");
        Self(child, base.trim().to_owned())
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn example() -> &'static Path {
    workspace()
}

/// Starts one server of the example as a host would, against `crm`.
fn start(world: &World, crm: &Crm, server: &str) -> (Raw, String) {
    let folder = example().join("examples/crm-api");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let config = read("api-fetch.toml").replace("http://127.0.0.1:8720/v1", &crm.1);
    world.file("api-fetch.toml", config);
    world.file("policy.toml", read("policy.toml"));
    let hosts: Value = serde_json::from_str(&read("mcp.json")).unwrap();
    let entry = &hosts["mcpServers"][server];
    let mut command = Command::new(bin(entry["command"].as_str().unwrap()));
    command.env_clear().current_dir(world.path(""));
    for word in entry["args"].as_array().unwrap() {
        command.arg(word.as_str().unwrap());
    }
    command.args(world.arguments(&["--audit={dir}/audit"]));
    let mut key = String::new();
    for (name, value) in entry["env"].as_object().unwrap() {
        key = value.as_str().unwrap().to_owned();
        command.env(name, &key);
    }
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    (raw, key)
}

#[test]
fn the_sample_crm_is_another_one_for_each_desk() {
    let (crm, world) = (Crm::start(), World::new());
    let (mut raw, key) = start(&world, &crm, "crm-support");
    let tools = raw.ask("tools/list", json!({})).ok();
    assert_eq!(tools.result()["tools"].as_array().unwrap().len(), 1);
    let page = raw.call("list-customers", json!({})).ok();
    let first = json!({"id": "AB1001", "plan": {"name": "pro"}});
    assert_eq!(
        page.structured()["data"]["data"][0],
        first,
        "neither names nor risk"
    );
    let next = page.structured()["next"].as_str().unwrap();
    let page = raw.call("list-customers", json!({"cursor": next})).ok();
    assert_eq!(page.structured()["data"]["data"][0]["id"], "CD2001");
    let ended = raw.close();
    world.assert_never(&ended, &key);
    world.assert_never(&ended, "Asha");

    let (mut raw, _) = start(&world, &crm, "crm-accounts");
    let one = raw
        .call("fetch-customer-data", json!({"id": "AB1002"}))
        .ok();
    assert_eq!(
        one.structured()["data"]["contacts"][0]["email"],
        "asha@example.com"
    );
    assert!(one.structured()["data"].get("notes").is_none());
    let note = json!({"id": "AB1002", "text": "called\nback"});
    let note = raw.call("add-note", note).ok();
    assert_eq!(note.structured()["status"], 201);
    let absent = raw
        .call("fetch-customer-data", json!({"id": "ZZ0000"}))
        .ok();
    assert_eq!(absent.structured()["status"], 404);
    let reflected = raw.call("debug-headers", json!({}));
    assert_eq!(
        reflected.code(),
        Some("failed"),
        "the key does not come through"
    );
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.assert_never(&ended, &key);
}
