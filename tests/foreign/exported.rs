//! What audit-review exports, held against the schemas that others publish.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use harness::Era;
use harness::bin;
use serde_json::Value;
use serde_json::json;

use super::installed;
use super::world;

#[test]
fn every_record_is_an_event_of_ocsf_as_its_schema_has_it() {
    let (Some(python), Some(driver)) =
        (installed("venv/bin/python"), installed("validate_ocsf.py"))
    else {
        return;
    };
    let world = world();
    let mut raw = world.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"]);
    for path in ["docs/small.txt", "docs/absent", "..", "docs/\u{202e}\n"] {
        let _answer = raw.call("read_file", json!({"path": path}));
    }
    let _answer = raw.call("no_such_tool", json!({}));
    let _answer = raw.ask("resources/read", json!({"uri": "fs://docs/small.txt"}));
    assert_eq!(raw.close().code, Some(0));
    let arguments = world.arguments(&["export", "{dir}/audit", "--format", "ocsf"]);
    let ran = harness::run(&bin("audit-review"), &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut checker = Command::new(python);
    checker
        .arg(driver)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut checker = checker.spawn().expect("python runs");
    let mut input = checker.stdin.take().expect("a pipe");
    input.write_all(ran.stdout.as_bytes()).expect("it reads");
    drop(input);
    let output = checker.wait_with_output().expect("python ends");
    assert!(output.status.success(), "see above");
    let checked = String::from_utf8_lossy(&output.stdout);
    assert_eq!(checked.trim(), ran.stdout.lines().count().to_string());
    let read = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let classified = read.filter(|event| event["resources"][0]["data_classifications"].is_array());
    assert!(classified.count() >= 2);
}
