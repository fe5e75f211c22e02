//! A key that is kept in AWS Secrets Manager: used by api-fetch, and seen by nobody.

use std::process::Command;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use serde_json::json;

use crate::api::upstream::Upstream;
use crate::api::upstream::respond;

const KEY: &str = "sk-canary-77aa10e2";
const ACCOUNT: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// An API whose key is in Secrets Manager, at `aws`.
fn world(api: &Upstream) -> World {
    let world = World::new();
    let config = format!(
        "[upstreams.crm]\nbase = \"{}\"\nallow-addresses = [\"127.0.0.0/8\"]\n\
         dangerous-plain-http = true\ncredential = {{ bearer = \"aws-sm:prod/crm#key\" }}\n\
         [endpoints.regions]\nupstream = \"crm\"\nget = \"/regions\"\nlabel = \"public\"\n",
        api.base()
    );
    world.file("config.toml", config);
    let keys =
        format!("[ci]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {ACCOUNT}\n");
    world
        .file(".aws/credentials", keys)
        .mode(".aws/credentials", 0o600);
    world.file(".aws/config", "[profile ci]\nregion = eu-central-1\n");
    world.mode(".aws/config", 0o644);
    world
}

fn command(world: &World, aws: &Upstream, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin("api-fetch"));
    command.args(world.arguments(arguments)).env_clear();
    let base = aws.base();
    let endpoint = base.strip_suffix("/v1").expect("a base");
    command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint);
    command.env("HOME", world.path("")).env("AWS_PROFILE", "ci");
    command
}

const SERVE: &[&str] = &["--config={dir}/config.toml", "--audit={dir}/audit"];

#[test]
fn l4_a_key_from_secrets_manager_reaches_the_api_and_nobody_else() {
    let secret = json!({ "SecretString": json!({ "key": KEY }).to_string() }).to_string();
    let aws = Upstream::start(move |_, stream| respond(stream, 200, "", &secret));
    let api = Upstream::json(&json!({ "regions": ["north"] }));
    let world = world(&api);
    let mut raw = Raw::spawn(&mut command(&world, &aws, SERVE), Era::Modern);
    raw.listen();
    let answer = raw.call("regions", json!({})).ok();
    assert!(answer.text().contains("north"));
    let heard = api.heard();
    let proof = heard[0].header("authorization").expect("a proof");
    assert_eq!(proof, format!("Bearer {KEY}"));
    let asked = aws.heard();
    assert_eq!(asked[0].body, r#"{"SecretId":"prod/crm"}"#);
    let proof = asked[0].header("authorization").expect("a signature");
    assert!(proof.contains("/eu-central-1/secretsmanager/aws4_request"));
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.assert_never(&ended, KEY);
    world.assert_never(&ended, ACCOUNT);
}

#[test]
fn l4_a_refusal_ends_the_check_with_a_remedy_and_none_of_what_was_said() {
    let said = r#"{"__type":"AccessDeniedException","Message":"sk-canary-77aa10e2 is not yours"}"#;
    let aws = Upstream::start(move |_, stream| respond(stream, 400, "", said));
    let world = world(&Upstream::json(&json!({})));
    let arguments = ["secret", "check", "--config={dir}/config.toml"];
    let output = command(&world, &aws, &arguments).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("text");
    assert!(
        said.contains("aws-sm:prod/crm#key: the server said 400: AWS denies it"),
        "{said}"
    );
    assert!(!said.contains(KEY) && !said.contains(ACCOUNT), "{said}");
    assert!(!output.status.success());
}
