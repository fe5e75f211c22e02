//! The commands for people.

use serde_json::json;

use super::CUSTOMER;
use super::KEY;
use super::command;
use super::run;
use super::upstream::Upstream;
use super::world;

#[test]
fn check_shows_what_would_be_served_and_tries_the_secrets_and_sends_nothing() {
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, CUSTOMER);
    let ran = run(&world, &["check", "--config={dir}/config.toml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for shown in [
        "fetch-customer-data",
        "GET /customers/{id}",
        "customer:read",
        "confidential+personal",
        &upstream.base(),
        "env:EXTERNAL_API_KEY: ok",
        "WITHOUT TLS",
    ] {
        assert!(ran.stdout.contains(shown), "{shown}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY));
    assert!(upstream.heard().is_empty());
    let without = command(&world, &["check", "--config={dir}/config.toml"])
        .output()
        .unwrap();
    assert_eq!(without.status.code(), Some(3));
    let said = String::from_utf8_lossy(&without.stdout).into_owned();
    assert!(said.contains("env:EXTERNAL_API_KEY"), "{said}");
}

#[test]
fn call_asks_as_a_principal_would_and_is_recorded() {
    let upstream = Upstream::json(&json!({"id": "AB1234", "name": "Ada\u{1b}[2J", "ssn": "078"}));
    let world = world(&upstream, CUSTOMER);
    let call = |subject: &str, arguments: &str| {
        let subject = format!("--subject={subject}");
        let config = "--config={dir}/config.toml";
        run(
            &world,
            &["call", "fetch-customer-data", arguments, config, &subject],
        )
    };
    let ran = call("ada", "id=AB1234");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("\"name\": \"Ada") && !ran.stdout.contains("078"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains('\u{1b}'));
    for (subject, arguments) in [
        ("ben", "id=AB1234"),
        ("ada", "id=../x"),
        ("ada", "x=1"),
        ("ada", "id"),
    ] {
        let ran = call(subject, arguments);
        assert!(
            matches!(ran.code, Some(2 | 3)),
            "{subject} {arguments}: {}",
            ran.stdout
        );
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(upstream.heard().len(), 1);
    let trail = world.trail();
    assert_eq!(
        trail
            .outcomes()
            .filter(|r| r["outcome"] == "allowed")
            .count(),
        1
    );
    assert_eq!(
        trail
            .outcomes()
            .filter(|r| r["outcome"] == "denied")
            .count(),
        3
    );
}

#[test]
fn an_imported_document_is_a_configuration_that_serves() {
    let upstream = Upstream::json(&json!({"id": "7", "name": "Ada", "more": 1}));
    let world = world(&upstream, "");
    let document = json!({
        "openapi": "3.1.0",
        "paths": {"/users/{id}": {"get": {
            "operationId": "getUser",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {"200": {"content": {"application/json": {"schema": {
                "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
            }}}}},
        }}},
    });
    world.file("openapi.json", document.to_string());
    let ran = run(
        &world,
        &[
            "import",
            "{dir}/openapi.json",
            "--upstream=crm",
            "--permission=customer:read",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let config = world.read("config.toml") + &ran.stdout;
    world.file("config.toml", config);
    let ran = run(
        &world,
        &[
            "call",
            "getUser",
            "id=7",
            "--config={dir}/config.toml",
            "--subject=ada",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("Ada") && !ran.stdout.contains("more"),
        "{}",
        ran.stdout
    );
    for (arguments, code) in [
        (&["import", "{dir}/policy.toml", "--upstream=crm"][..], 3),
        (&["import", "{dir}/none.json", "--upstream=crm"], 3),
        (&["import", "{dir}/openapi.json"], 2),
    ] {
        assert_eq!(run(&world, arguments).code, Some(code), "{arguments:?}");
    }
}

#[test]
fn a_configuration_that_serves_nothing_or_dials_inside_is_refused_at_start() {
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, "");
    let ran = run(&world, &["--config={dir}/config.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let ran = run(&world, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let inside = world.read("config.toml") + CUSTOMER;
    let inside = inside.replace("allow-addresses = [\"127.0.0.0/8\"]", "");
    world.file("config.toml", inside);
    let ran = run(&world, &["--config={dir}/config.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(upstream.heard().is_empty());
}
