//! Who may import whom, and what must not be in the tree of a server.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Command;

use harness::workspace;
use serde_json::Value;

/// Each package of the workspace: the folder it lies in, and what it depends on itself.
fn packages() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let root = metadata["workspace_root"]
        .as_str()
        .expect("a root")
        .to_owned();
    let listed = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let package = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let own = dependencies.iter().filter(|d| d["kind"].is_null());
        let names = own.map(|d| text(&d["name"])).collect();
        let folder = text(&package["manifest_path"]).replace(&root, "");
        (text(&package["name"]), (folder, names))
    };
    listed.iter().map(package).collect()
}

/// The crates in the tree of one server as it ships.
fn tree(server: &str) -> BTreeSet<String> {
    let arguments = [
        "tree",
        "--package",
        server,
        "--edges",
        "normal",
        "--prefix",
        "none",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let names = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(
        names.contains("keyhole-guard"),
        "{server} passes the gate: {names:?}"
    );
    names
}

#[test]
fn servers_import_guard_and_never_each_other() {
    let packages = packages();
    let is_server = |name: &str| {
        packages
            .get(name)
            .is_some_and(|(at, _)| at.starts_with("/servers/"))
    };
    let servers: Vec<&String> = packages.keys().filter(|name| is_server(name)).collect();
    assert!(!servers.is_empty());
    for (name, (folder, dependencies)) in &packages {
        let imported: Vec<_> = dependencies
            .iter()
            .filter(|other| is_server(other))
            .collect();
        assert!(imported.is_empty(), "{name} imports {imported:?}");
        if folder.starts_with("/servers/") {
            assert!(dependencies.contains("keyhole-guard"), "{name} has no gate");
            assert!(
                !dependencies.contains("rmcp"),
                "{name} could answer past the gate"
            );
        }
    }
    let (_, own) = &packages["e2e"];
    assert!(
        !own.contains("keyhole-guard"),
        "the end-to-end tests know only the protocol"
    );
}

/// What no server has by default, but those named: each with its one reason.
const FOREIGN: [(&str, &[&str]); 10] = [
    ("keyring", &[]),
    ("zbus", &[]),
    // to the hosts that the operator declared
    ("hyper", &["api-fetch"]),
    ("reqwest", &[]),
    ("axum", &[]),
    ("openssl-sys", &[]),
    ("rusqlite", &[]),
    ("libsqlite3-sys", &[]),
    // TLS to its one database or to those hosts, and the protocol that the database speaks
    ("rustls", &["api-fetch", "scoped-db"]),
    ("tokio-postgres", &["scoped-db"]),
];

#[test]
fn a_server_contains_no_code_for_what_it_must_not_do() {
    for (name, (folder, _)) in packages() {
        if !folder.starts_with("/servers/") {
            continue;
        }
        let tree = tree(&name);
        for (foreign, but) in FOREIGN {
            assert!(
                !tree.contains(foreign) || but.contains(&name.as_str()),
                "{name} contains {foreign} by default"
            );
        }
    }
    assert!(tree("scoped-db").contains("tokio-postgres"));
}
