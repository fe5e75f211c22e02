//! What api-fetch does with callers, upstreams and networks that mean harm.
//!
//! In each: the key is in no answer, no log and no record, and each request to an upstream was
//! announced by a record before it left.

mod cached;
mod commands;
mod example;
mod imports;
mod injection;
mod labels;
mod large;
mod limits;
mod many;
mod online;
mod pages;
mod permissions;
mod redirects;
mod secrets;
mod trail;
pub(crate) mod upstream;

use std::process::Command;

use harness::Ended;
use harness::Era;
use harness::Ran;
use harness::Raw;
use harness::World;
use harness::bin;
use upstream::Upstream;

/// What no model, log or record may ever hold.
const KEY: &str = "sk-canary-9f2c71e0b4";

/// The most memory that a server may ever take, in KiB.
const PEAK: u64 = 64 * 1024;

/// A policy in which ada may read customers, and ben may not.
const POLICY: &str = r#"
[roles.reader]
clearance = "confidential+personal"
permissions = ["customer:read", "customer:write"]
[roles.clerk]
clearance = "internal"
[[grants]]
subject = "ada"
role = "reader"
until = 2099-01-01T00:00:00Z
[stdio]
subject = "ben"
roles = ["clerk"]
"#;

/// A world in which `endpoints` of `upstream` are served. The upstream of a configuration is `crm`.
fn world(upstream: &Upstream, endpoints: &str) -> World {
    let world = World::new();
    let config = format!(
        "[guard]\npolicy = \"policy.toml\"\n\
         [upstreams.crm]\nbase = \"{}\"\ncredential = {{ bearer = \"env:EXTERNAL_API_KEY\" }}\n\
         user-context = {{ header = \"X-User-Context\" }}\nallow-addresses = [\"127.0.0.0/8\"]\n\
         dangerous-plain-http = true\n{endpoints}",
        upstream.base()
    );
    world.file("config.toml", config);
    world.file("policy.toml", POLICY);
    world
}

/// The endpoint of the specification, and one that needs no permission.
const CUSTOMER: &str = r#"
[endpoints.fetch-customer-data]
upstream = "crm"
get = "/customers/{id}"
permission = "customer:read"
label = "confidential+personal"
about = "One customer."
fields = ["id", "name", "plan.name"]
max-bytes = "256 KiB"
[endpoints.fetch-customer-data.parameters.id]
in = "path"
type = "string"
pattern = "[A-Z]{2}[0-9]{4}"
[endpoints.regions]
upstream = "crm"
get = "/regions"
label = "internal"
"#;

/// Starts the server of `world` for `subject`, with the key in its environment.
fn serve(world: &World, subject: &str) -> Raw {
    let subject = format!("--subject={subject}");
    let mut command = command(world, &["--config={dir}/config.toml", &subject]);
    command.env("EXTERNAL_API_KEY", KEY);
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    raw
}

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin("api-fetch"));
    command.args(world.arguments(arguments));
    command.args(world.arguments(&["--audit={dir}/audit"]));
    command.env_clear();
    command
}

/// Runs a command for people to its end.
fn run(world: &World, arguments: &[&str]) -> Ran {
    let output = command(world, arguments)
        .env("EXTERNAL_API_KEY", KEY)
        .output()
        .expect("it runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Ends the session, and checks what holds for every class.
fn finish(world: &World, upstream: &Upstream, raw: Raw) -> Ended {
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(ended.peak < PEAK, "{} KiB", ended.peak);
    world.assert_never(&ended, KEY);
    let trail = world.trail();
    let announced = trail.records.iter().filter(|r| r["phase"] == "intent");
    let announced = announced.count();
    assert!(
        upstream.heard().is_empty() || announced > 0,
        "nothing leaves without a record"
    );
    // a world may see several sessions, each with ids of its own
    let session = trail.records.last().map(|r| r["server.instance"].clone());
    for id in &ended.answered {
        let own = trail.of(id).into_iter();
        let own = own.filter(|r| Some(&r["server.instance"]) == session.as_ref());
        assert_eq!(own.count(), 1, "{id} is recorded once");
    }
    ended
}
