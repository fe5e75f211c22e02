//! Agents that hand out keys, and addresses that are not asked.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests write the tokens that are read"
)]

use std::fs;

use super::*;
use crate::secret::SecretRef;
use crate::secret::aws::testing::CANARY;
use crate::secret::aws::testing::Served;
use crate::secret::aws::testing::answer as reply;
use crate::secret::aws::testing::noon;
use crate::secret::aws::testing::providers;
use crate::secret::aws::testing::secret;

fn handed_out() -> Vec<u8> {
    let keys = serde_json::json!({
        "Code": "Success",
        "AccessKeyId": "ASIAAGENT",
        "SecretAccessKey": "key",
        "Token": "token",
        "Expiration": "2026-03-01T18:00:00Z",
    });
    reply(200, &[], &keys.to_string())
}

fn load(variables: &[(&str, &str)]) -> Result<String, String> {
    let more = [("AWS_REGION", "us-east-1")];
    let reference: SecretRef = "aws-sm:db".parse().unwrap();
    let loaded = providers(&[variables, &more].concat(), noon).load(&reference);
    let loaded = loaded.map(|secret| secret.show_to(str::to_owned));
    loaded.map_err(|error| {
        let said = error.to_string();
        assert!(!said.contains(CANARY), "{said}");
        said
    })
}

#[test]
fn an_agent_gets_its_token_and_gives_keys() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    fs::write(&token, "pod-token\n").unwrap();
    let served = Served::start(|_, asked| match asked.line() {
        "GET /v1/credentials?a=b" => handed_out(),
        _ => secret("hunter2"),
    });
    let uri = format!("{}/v1/credentials?a=b", served.url);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.to_str().unwrap(),
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one"),
        ("AWS_ENDPOINT_URL", &served.url),
    ];
    assert_eq!(load(&variables).unwrap(), "hunter2");
    let asked = served.asked();
    assert_eq!(asked[0].header("authorization"), Some("pod-token"));
    assert!(
        asked[1]
            .header("authorization")
            .unwrap()
            .contains("=ASIAAGENT/")
    );
    assert_eq!(asked[1].header("x-amz-security-token"), Some("token"));
}

#[test]
fn an_agent_that_refuses_is_not_repeated() {
    for (answer, remedy) in [
        (reply(403, &[], CANARY), "has a role"),
        (reply(200, &[], CANARY), "has a role"),
        (
            reply(302, &[("Location", "http://127.0.0.1:1/")], CANARY),
            "has a role",
        ),
    ] {
        let served = Served::start(move |_, _| answer.clone());
        let uri = format!("{}/x", served.url);
        let said = load(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)]).unwrap_err();
        assert!(said.contains(remedy), "{said}");
        assert_eq!(served.asked().len(), 1);
    }
}

#[test]
fn o3_only_this_machine_and_the_known_agents_are_asked_without_tls() {
    for good in [
        "https://agent.example.org/x",
        "http://127.0.0.1:8080/x",
        "http://127.1.2.3/x",
        "http://[::1]/x",
        "http://localhost:1/x",
        "http://169.254.170.2/v2/x",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
    ] {
        assert!(split(good).is_some(), "{good}");
    }
    for bad in [
        "http://agent.example.org/x",
        "http://10.0.0.1/x",
        "http://169.254.170.3/x",
        "http://169.254.170.2.evil.example/x",
        "http://169.254.170.2@evil.example/x",
        "http://169.254.170.2:x/",
        "http://[fd00:ec2::24]/x",
        "http://localhost.evil.example/x",
        "file:///etc/passwd",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a\r\nX: y",
        "127.0.0.1/x",
        "",
    ] {
        assert!(split(bad).is_none(), "{bad}");
    }
    let (origin, _) = split("http://169.254.170.2/x").unwrap();
    assert_eq!(origin.authority(), "169.254.170.2");
    let (origin, target) = split("http://[fd00:ec2::23]:81").unwrap();
    assert_eq!((&*origin.authority(), target), ("[fd00:ec2::23]:81", "/"));
    let said = load(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x")]);
    assert!(
        said.unwrap_err()
            .contains("leads to no place that may be asked")
    );
}

#[test]
fn an_instance_is_asked_only_if_the_operator_says_so() {
    let served = Served::start(|_, asked| match asked.line() {
        "PUT /latest/api/token" => reply(200, &[], "session"),
        "GET /latest/meta-data/iam/security-credentials/" => reply(200, &[], "my-role\n"),
        "GET /latest/meta-data/iam/security-credentials/my-role" => handed_out(),
        _ => secret("hunter2"),
    });
    let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", served.url.as_str());
    let endpoint = ("AWS_ENDPOINT_URL", served.url.as_str());
    let said = load(&[metadata, endpoint]).unwrap_err();
    assert!(said.contains("there are no credentials for AWS"), "{said}");
    assert!(load(&[metadata, endpoint, ("AWS_EC2_METADATA_DISABLED", "true")]).is_err());
    assert!(served.asked().is_empty());
    let asked_for = ("AWS_EC2_METADATA_DISABLED", "false");
    assert_eq!(load(&[metadata, endpoint, asked_for]).unwrap(), "hunter2");
    let asked = served.asked();
    let seconds = asked[0].header("x-aws-ec2-metadata-token-ttl-seconds");
    assert_eq!(seconds, Some("60"));
    for one in &asked[1..3] {
        assert_eq!(one.header("x-aws-ec2-metadata-token"), Some("session"));
    }
    assert!(
        asked[3]
            .header("authorization")
            .unwrap()
            .contains("=ASIAAGENT/")
    );
}

#[test]
fn an_instance_without_a_role_or_with_a_strange_one_is_an_error() {
    for role in ["", "../../x", "a b", "a/b", "?"] {
        let served = Served::start(move |_, asked| match asked.line() {
            "PUT /latest/api/token" => reply(200, &[], "session"),
            _ => reply(200, &[], role),
        });
        let variables = [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", served.url.as_str()),
            ("AWS_EC2_METADATA_DISABLED", "false"),
        ];
        let said = load(&variables).unwrap_err();
        assert!(said.contains("give it an instance profile"), "{said}");
        assert_eq!(served.asked().len(), 2);
    }
    let elsewhere = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://10.0.0.1"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    let said = load(&elsewhere).unwrap_err();
    assert!(
        said.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT leads to"),
        "{said}"
    );
}
