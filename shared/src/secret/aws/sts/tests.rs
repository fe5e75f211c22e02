//! Tokens that are exchanged, refused, and replaced.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests write the tokens that are read"
)]

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use super::*;
use crate::secret::Providers;
use crate::secret::SecretRef;
use crate::secret::aws::testing::CANARY;
use crate::secret::aws::testing::Served;
use crate::secret::aws::testing::answer as reply;
use crate::secret::aws::testing::noon;
use crate::secret::aws::testing::providers;
use crate::secret::aws::testing::refusal as refuse;
use crate::secret::aws::testing::secret;

fn granted(id: &str, until: &str) -> Vec<u8> {
    let body = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>x</SubjectFromWebIdentityToken>\
         <Credentials>\n<SessionToken>token/of+{id}=</SessionToken><SecretAccessKey>key</SecretAccessKey>\
         <Expiration>{until}</Expiration><AccessKeyId>{id}</AccessKeyId></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    reply(200, &[], &body)
}

fn refused(status: u16, code: &str) -> Vec<u8> {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{CANARY}</Message></Error></ErrorResponse>"
    );
    reply(status, &[], &body)
}

fn asking(served: &Served, file: &Path, clock: fn() -> DateTime<Utc>) -> Providers {
    let variables = [
        ("AWS_ENDPOINT_URL", served.url.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
    ];
    providers(&variables, clock)
}

fn load(providers: &Providers) -> Result<String, String> {
    let reference: SecretRef = "aws-sm:db".parse().unwrap();
    let loaded = providers.load(&reference);
    let loaded = loaded.map(|secret| secret.show_to(str::to_owned));
    loaded.map_err(|error| error.to_string())
}

fn is_sts(asked: &str) -> bool {
    asked.starts_with("Action=")
}

#[test]
fn a_token_is_exchanged_once_and_its_keys_sign_until_shortly_before_their_end() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    fn clock() -> DateTime<Utc> {
        noon() + chrono::TimeDelta::minutes(NOW.load(Ordering::SeqCst))
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, "eyJ.first.+/=\n").unwrap();
    let mut exchanged = 0;
    let served = Served::start(move |_, asked| {
        if is_sts(&asked.body) {
            exchanged += 1;
            let until = ["2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"];
            match until.get(exchanged - 1) {
                Some(until) => granted(&format!("ASIA{exchanged}"), until),
                None => refused(403, "AccessDenied"),
            }
        } else {
            secret("hunter2")
        }
    });
    let providers = asking(&served, &file, clock);
    let signed_by = |minute, id: &str| {
        NOW.store(minute, Ordering::SeqCst);
        assert_eq!(load(&providers).unwrap(), "hunter2");
        let last = served.asked().pop().unwrap();
        let proof = last.header("authorization").unwrap();
        assert!(
            proof.contains(&format!("Credential={id}/")),
            "{minute}: {proof}"
        );
        let token = format!("token/of+{id}=");
        assert_eq!(last.header("x-amz-security-token"), Some(&*token));
    };
    signed_by(0, "ASIA1");
    signed_by(54, "ASIA1");
    fs::write(&file, "eyJ.second\n").unwrap();
    signed_by(55, "ASIA2");
    // The next exchange is refused, and these are good for five minutes more.
    signed_by(116, "ASIA2");
    NOW.store(121, Ordering::SeqCst);
    let said = load(&providers).unwrap_err();
    assert!(said.contains("trust policy"), "{said}");
    let forms: Vec<_> = served
        .asked()
        .into_iter()
        .filter(|asked| is_sts(&asked.body))
        .collect();
    assert_eq!(
        forms[0].body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&RoleSessionName=keyhole\
         &WebIdentityToken=eyJ.first.%2B%2F%3D"
    );
    assert!(forms[1].body.ends_with("=eyJ.second"), "it is read anew");
    assert_eq!(forms[0].header("authorization"), None);
}

#[test]
fn keys_that_were_taken_back_are_replaced_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, "eyJ").unwrap();
    let mut exchanged = 0;
    let served = Served::start(move |_, asked| {
        if is_sts(&asked.body) {
            exchanged += 1;
            granted(&format!("ASIA{exchanged}"), "2026-03-01T13:00:00Z")
        } else if asked.head.contains("ASIA2") {
            secret("hunter2")
        } else {
            refuse("ExpiredTokenException")
        }
    });
    assert_eq!(load(&asking(&served, &file, noon)).unwrap(), "hunter2");
    assert_eq!(served.asked().len(), 4);
}

#[test]
fn l4_a_refused_exchange_becomes_a_remedy_and_none_of_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, CANARY).unwrap();
    for (answer, remedy) in [
        (
            refused(400, "ExpiredTokenException"),
            "token for AWS has expired",
        ),
        (
            refused(400, "InvalidIdentityToken"),
            "its issuer and audience",
        ),
        (refused(403, "AccessDenied"), "trust policy"),
        (refused(400, "ValidationError"), "malformed"),
        (refused(400, CANARY), "nothing that is known"),
        (reply(200, &[], CANARY), "no credentials"),
        (
            granted("not an id!", "2026-03-01T13:00:00Z"),
            "not of their form",
        ),
        (granted("ASIA1", "tomorrow"), "no credentials"),
        (
            granted("ASIA1", "2026-03-01T11:00:00Z"),
            "have ended already",
        ),
    ] {
        let served = Served::start(move |_, _| answer.clone());
        let said = load(&asking(&served, &file, noon)).unwrap_err();
        assert!(said.contains(remedy), "{said}");
        assert!(!said.contains(CANARY), "{said}");
    }
}

#[test]
fn a_token_that_cannot_be_read_is_an_error_and_no_other_source_is_asked() {
    let served = Served::start(|_, _| secret("hunter2"));
    let said = load(&asking(&served, Path::new("/nonexistent/token"), noon));
    assert!(said.unwrap_err().contains("AWS_WEB_IDENTITY_TOKEN_FILE"));
    assert!(served.asked().is_empty());
    let alone = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/a"),
        ("AWS_REGION", "us-east-1"),
    ];
    let said = load(&providers(&alone, noon)).unwrap_err();
    assert!(said.contains("without AWS_ROLE_ARN"), "{said}");
}
