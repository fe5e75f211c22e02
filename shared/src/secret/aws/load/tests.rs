//! Secrets Manager as it answers, refuses, stumbles and lies.

use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::secret::SecretRef;
use crate::secret::aws::testing::CANARY;
use crate::secret::aws::testing::KEYS;
use crate::secret::aws::testing::Served;
use crate::secret::aws::testing::answer;
use crate::secret::aws::testing::noon;
use crate::secret::aws::testing::providers;
use crate::secret::aws::testing::refusal;
use crate::secret::aws::testing::secret;

fn reading(served: &Served) -> Providers {
    let endpoint = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", served.url.as_str());
    providers(&[&KEYS[..], &[endpoint]].concat(), noon)
}

/// The secret, or what is said instead.
fn load(providers: &Providers, reference: &str) -> Result<String, String> {
    let reference: SecretRef = reference.parse().unwrap();
    match providers.load(&reference) {
        Ok(secret) => Ok(secret.show_to(str::to_owned)),
        Err(error) => {
            let said = error.to_string();
            assert!(!format!("{said} {error:?}").contains(CANARY), "{said}");
            let rest = said.strip_prefix(&format!("{reference}: "));
            Err(rest.expect("it begins with the reference").to_owned())
        }
    }
}

fn says(reply: Vec<u8>) -> Result<String, String> {
    let served = Served::start(move |_, _| reply.clone());
    load(&reading(&served), "aws-sm:db")
}

#[test]
fn a_secret_is_asked_for_with_a_signed_request_and_nothing_else() {
    let served = Served::start(|_, _| secret("hunter2"));
    let providers = reading(&served);
    assert_eq!(load(&providers, "aws-sm:prod/db").unwrap(), "hunter2");
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf";
    load(&providers, &format!("aws-sm:{arn}?stage=AWSPREVIOUS")).unwrap();
    let id = "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE";
    load(&providers, &format!("aws-sm:db?version={id}")).unwrap();
    let asked = served.asked();
    let bodies: Vec<_> = asked.iter().map(|one| one.body.as_str()).collect();
    assert_eq!(bodies[0], r#"{"SecretId":"prod/db"}"#);
    assert_eq!(
        bodies[1],
        format!(r#"{{"SecretId":"{arn}","VersionStage":"AWSPREVIOUS"}}"#)
    );
    assert_eq!(
        bodies[2],
        format!(r#"{{"SecretId":"db","VersionId":"{id}"}}"#)
    );
    let first = &asked[0];
    assert_eq!(first.line(), "POST /");
    let target = first.header("x-amz-target");
    assert_eq!(target, Some("secretsmanager.GetSecretValue"));
    let kind = first.header("content-type");
    assert_eq!(kind, Some("application/x-amz-json-1.1"));
    assert_eq!(first.header("x-amz-date"), Some("20260301T120000Z"));
    let proof = first.header("authorization").unwrap();
    let scope = "AKIDEXAMPLE/20260301/us-east-1/secretsmanager/aws4_request";
    assert!(proof.contains(&format!("Credential={scope}")), "{proof}");
    let names = "SignedHeaders=content-type;host;x-amz-date;x-amz-target,";
    assert!(proof.contains(names), "{proof}");
    let elsewhere = asked[1].header("authorization").unwrap();
    assert!(elsewhere.contains("/eu-west-1/"), "the ARN's region counts");
}

#[test]
fn a_session_token_goes_along_and_is_signed() {
    let served = Served::start(|_, _| secret("hunter2"));
    let more = [
        ("AWS_ENDPOINT_URL", served.url.as_str()),
        ("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEXAMPLE=="),
    ];
    let providers = providers(&[&KEYS[..], &more].concat(), noon);
    load(&providers, "aws-sm:db").unwrap();
    let asked = served.asked();
    let token = asked[0].header("x-amz-security-token");
    assert_eq!(token, Some("FwoGZXIvYXdzEXAMPLE=="));
    let proof = asked[0].header("authorization").unwrap();
    assert!(proof.contains(";x-amz-security-token;"), "{proof}");
}

#[test]
fn text_bytes_and_fields_come_out_as_they_are() {
    let served = Served::start(|_, asked| {
        let text =
            r#"{"password": "a\"\u00fc\n!", "port": 5432, "none": null, "deep": {"a": "b"}}"#;
        if asked.body.contains("bytes") {
            let encoded = BASE64_STANDARD.encode("from bytes");
            answer(200, &[], &format!(r#"{{"SecretBinary":"{encoded}"}}"#))
        } else if asked.body.contains("plain") {
            secret("hunter2")
        } else {
            secret(text)
        }
    });
    let providers = reading(&served);
    assert_eq!(load(&providers, "aws-sm:db#password").unwrap(), "a\"ü\n!");
    assert!(load(&providers, "aws-sm:db").unwrap().starts_with('{'));
    assert_eq!(load(&providers, "aws-sm:bytes").unwrap(), "from bytes");
    let said = |reference: &str| load(&providers, reference).unwrap_err();
    assert!(said("aws-sm:db#user").starts_with("not set: the secret's JSON object has no"));
    assert!(said("aws-sm:db#none").starts_with("not set: "));
    for other in ["port", "deep"] {
        assert!(said(&format!("aws-sm:db#{other}")).contains("is no text"));
    }
    assert!(said("aws-sm:plain#a").contains("is no JSON object"));
    assert!(said("aws-sm:bytes#a").contains("is no JSON object"));
}

#[test]
fn the_next_load_sees_a_new_version() {
    let served = Served::start(|number, _| secret(["old", "new"][number]));
    let providers = reading(&served);
    assert_eq!(load(&providers, "aws-sm:db").unwrap(), "old");
    assert_eq!(load(&providers, "aws-sm:db").unwrap(), "new");
}

#[test]
fn l4_a_refusal_becomes_a_remedy_and_none_of_its_text() {
    for (code, remedy) in [
        ("AccessDeniedException", "allow these credentials"),
        (
            "com.amazon.x#AccessDeniedException",
            "allow these credentials",
        ),
        ("ResourceNotFoundException", "AWS has no such secret"),
        ("DecryptionFailure", "enable the KMS key"),
        ("InvalidRequestException", "scheduled for deletion"),
        (
            "InvalidParameterException",
            "takes the reference for malformed",
        ),
        ("ExpiredTokenException", "have expired"),
        (
            "UnrecognizedClientException",
            "does not know these credentials",
        ),
        (
            "InvalidSignatureException",
            "is not that of the access key id",
        ),
        ("RequestTimeTooSkewed", "set the clock"),
        (CANARY, "says nothing that is known here"),
    ] {
        let said = says(refusal(code)).unwrap_err();
        assert!(said.contains(remedy), "{code}: {said}");
        assert!(said.starts_with("the server said 400: "), "{said}");
    }
    let in_header = answer(
        400,
        &[("x-amzn-ErrorType", "AccessDeniedException:http://x/")],
        "",
    );
    assert!(
        says(in_header)
            .unwrap_err()
            .contains("allow these credentials")
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_from_a_key_that_is_wrong() {
    for (date, remedy) in [
        (
            "Sun, 01 Mar 2026 12:00:30 GMT",
            "is not that of the access key id",
        ),
        ("Sun, 01 Mar 2026 12:06:00 GMT", "set the clock"),
        ("Sun, 01 Mar 2026 11:50:00 GMT", "set the clock"),
        ("yesterday", "is not that of the access key id"),
    ] {
        let body = format!(r#"{{"__type":"InvalidSignatureException","message":"{CANARY}"}}"#);
        let said = says(answer(403, &[("Date", date)], &body)).unwrap_err();
        assert!(said.contains(remedy), "{date}: {said}");
    }
}

#[test]
fn throttling_is_waited_out_and_only_for_so_long() {
    let stumbling = Served::start(|number, _| match number {
        0 => refusal("ThrottlingException"),
        1 => answer(503, &[], "<html>"),
        2 => Vec::new(),
        _ => secret("hunter2"),
    });
    assert_eq!(load(&reading(&stumbling), "aws-sm:db").unwrap(), "hunter2");
    assert_eq!(stumbling.asked().len(), 4);
    let dates = stumbling.asked();
    assert!(
        dates
            .iter()
            .all(|one| one.header("authorization").is_some())
    );

    let busy = Served::start(|_, _| refusal("ThrottlingException"));
    let start = Instant::now();
    let said = load(&reading(&busy), "aws-sm:db").unwrap_err();
    assert!(said.contains("asked for fewer requests"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(3));
    let tries = busy.asked().len();
    assert!(
        (3..=6).contains(&tries),
        "{tries} tries at growing distances"
    );

    let patient = Served::start(|_, _| answer(429, &[("Retry-After", "3600")], ""));
    let said = load(&reading(&patient), "aws-sm:db").unwrap_err();
    assert!(said.contains("asked for fewer requests"), "{said}");
    assert_eq!(patient.asked().len(), 1, "an hour is more than there is");
}

#[test]
fn a_refusal_is_not_asked_again() {
    let served = Served::start(|_, _| refusal("AccessDeniedException"));
    load(&reading(&served), "aws-sm:db").unwrap_err();
    assert_eq!(served.asked().len(), 1);
}

#[test]
fn hostile_answers_are_no_secret() {
    let huge = format!(r#"{{"SecretString":"{}"}}"#, "x".repeat(65_537));
    let inner = BASE64_STANDARD.encode([0xff; 8]);
    for (body, expected) in [
        (String::new(), "something that is no secret"),
        ("[]".to_owned(), "something that is no secret"),
        ("{}".to_owned(), "something that is no secret"),
        (format!("<html>{CANARY}"), "something that is no secret"),
        (
            r#"{"SecretString": 7}"#.to_owned(),
            "something that is no secret",
        ),
        (
            r#"{"SecretString": "a"#.to_owned(),
            "something that is no secret",
        ),
        (
            r#"{"SecretBinary": "!!"}"#.to_owned(),
            "something that is no secret",
        ),
        (
            format!(r#"{{"SecretBinary": "{inner}"}}"#),
            "it is not UTF-8 text",
        ),
        (
            r#"{"SecretString": "a\u0000b"}"#.to_owned(),
            "it holds a NUL byte",
        ),
        (r#"{"SecretString": ""}"#.to_owned(), "it is empty"),
        (huge, "it is larger than 65536 bytes"),
        ("x".repeat(2 << 20), "the answer is larger than"),
    ] {
        let said = says(answer(200, &[], &body)).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    assert!(
        says(b"SSH-2.0-x\r\n\r\n".to_vec())
            .unwrap_err()
            .contains("is not HTTP")
    );
}

#[test]
fn o3_nobody_is_followed_elsewhere() {
    let other = Served::start(|_, _| secret("stolen"));
    let to = other.url.clone();
    let served = Served::start(move |_, _| answer(307, &[("Location", &to)], ""));
    let said = load(&reading(&served), "aws-sm:db").unwrap_err();
    assert!(said.contains("sent us elsewhere"), "{said}");
    assert!(other.asked().is_empty());
}

#[test]
fn whoever_does_not_answer_is_not_waited_for() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let endpoint = ("AWS_ENDPOINT_URL", url.as_str());
    let providers = providers(&[&KEYS[..], &[endpoint]].concat(), noon);
    let start = Instant::now();
    let said = load(&providers, "aws-sm:db").unwrap_err();
    assert_eq!(said, "the server did not answer in time");
    assert!(start.elapsed() < Duration::from_secs(4));
}
