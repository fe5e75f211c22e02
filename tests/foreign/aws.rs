//! Secrets from an AWS that others built (PyPI's `moto`), and signatures that others make as well
//! (PyPI's `botocore`).

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

use harness::Ran;
use harness::World;
use harness::bin;
use serde_json::Value;
use serde_json::json;

use super::installed;
use crate::api::upstream::Upstream;
use crate::api::upstream::respond;

/// A running `aws.py`.
struct Aws {
    child: Child,
    said: BufReader<ChildStdout>,
    base: String,
}

impl Aws {
    /// Starts it; none where it is not installed.
    fn start() -> Option<Self> {
        let python = installed("venv/bin/python")?;
        installed("venv/bin/moto_server")?;
        let script = installed("aws.py")?;
        let mut child = Command::new(python)
            .arg(script)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python runs");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let mut aws = Self {
            child,
            said,
            base: String::new(),
        };
        aws.base = aws.next()["base"].as_str().expect("a base").to_owned();
        Some(aws)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it speaks");
        serde_json::from_str(&line).expect("an object")
    }

    fn order(&mut self, order: &Value) -> Value {
        let stdin = self.child.stdin.as_mut().expect("piped");
        writeln!(stdin, "{order}").expect("it listens");
        self.next()["done"].take()
    }

    /// Tries these references with the real binary.
    fn check(&self, references: &[&str], more: &[(&str, &str)]) -> Ran {
        check(&World::new(), &self.base, references, more)
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn check(world: &World, endpoint: &str, references: &[&str], more: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(bin("api-fetch"));
    command.args(["secret", "check"]).args(references);
    command.env_clear().env("HOME", world.path(""));
    command.env("AWS_ENDPOINT_URL", endpoint);
    command.env("AWS_REGION", "eu-central-1");
    command.envs(more.iter().copied());
    let output = command.output().expect("it runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    ),
];

#[test]
fn motos_secrets_are_read_by_name_arn_version_and_field_and_a_new_version_is_seen() {
    let Some(mut aws) = Aws::start() else {
        return;
    };
    let pair = json!({"user": "ada", "password": "a\"long/password\\in \u{fc}TF-8, 32 bytes"});
    let made = aws.order(&json!({"put": ["prod/db", pair.to_string()]}));
    aws.order(&json!({"bytes": ["key", "sixteen-to-thirty"]}));
    let (arn, version) = (
        made["arn"].as_str().unwrap(),
        made["version"].as_str().unwrap(),
    );
    let arn = format!("aws-sm:{arn}#user");
    let dated = format!("aws-sm:prod/db?version={version}#user");
    let references = [
        "aws-sm:prod/db",
        "aws-sm:prod/db#user",
        "aws-sm:prod/db#password",
        &arn,
        &dated,
        "aws-sm:key",
    ];
    let ran = aws.check(&references, &KEYS);
    let lengths = ["32+", "1-15", "32+", "1-15", "1-15", "16-31"];
    let expected = references.iter().zip(lengths);
    let expected: String = expected
        .map(|(reference, length)| format!("{reference}: ok, {length} bytes\n"))
        .collect();
    assert_eq!(
        (ran.stdout, ran.code),
        (expected, Some(0)),
        "{}",
        ran.stderr
    );

    aws.order(&json!({"put": ["prod/db", "a new one of another length"]}));
    let ran = aws.check(
        &["aws-sm:prod/db", "aws-sm:prod/db?stage=AWSPREVIOUS"],
        &KEYS,
    );
    assert_eq!(
        ran.stdout,
        "aws-sm:prod/db: ok, 16-31 bytes\naws-sm:prod/db?stage=AWSPREVIOUS: ok, 32+ bytes\n"
    );
}

#[test]
fn motos_refusals_are_told_with_a_remedy() {
    let Some(mut aws) = Aws::start() else {
        return;
    };
    aws.order(&json!({"put": ["gone", "hunter2"]}));
    aws.order(&json!({"delete": "gone"}));
    for (reference, remedy) in [
        ("aws-sm:absent", "AWS has no such secret"),
        ("aws-sm:gone", "scheduled for deletion"),
    ] {
        let ran = aws.check(&[reference], &KEYS);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(remedy), "{said}");
        assert_ne!(ran.code, Some(0));
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn a_token_is_exchanged_at_motos_sts() {
    let Some(mut aws) = Aws::start() else {
        return;
    };
    aws.order(&json!({"put": ["db", "hunter2"]}));
    let world = World::new();
    world.file("token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.");
    let file = world.path("token");
    let identity = [
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
    ];
    let ran = aws.check(&["aws-sm:db"], &identity);
    assert_eq!(ran.stdout, "aws-sm:db: ok, 1-15 bytes\n", "{}", ran.stderr);
}

/// Characters that a key, a token or a name may hold.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";

#[test]
fn botocore_signs_the_same_request_in_the_same_way() {
    let Some(mut aws) = Aws::start() else {
        return;
    };
    // splitmix64: the same requests in each run
    let mut state = 20_260_301_u64;
    let mut random = |count: usize| -> String {
        let mut byte = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((z ^ (z >> 31)) % 65).expect("small")
        };
        (0..count).map(|_| char::from(ALPHABET[byte()])).collect()
    };
    let server = Upstream::start(|_, stream| {
        respond(stream, 200, "", r#"{"SecretString":"hunter2"}"#);
    });
    let base = server.base();
    let url = base.strip_suffix("/v1").expect("a base").to_owned();
    let world = World::new();
    let regions = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"];
    for number in 0..40 {
        let region = regions[number % regions.len()];
        let (name, key) = (random(1 + 12 * number), random(1 + 2 * number));
        let token = (number % 3 != 0).then(|| random(20 * number));
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", key.as_str()),
            ("AWS_REGION", region),
        ];
        variables.extend(token.as_deref().map(|token| ("AWS_SESSION_TOKEN", token)));
        let reference = format!("aws-sm:{name}?stage=AWS{number}");
        let ran = check(&world, &url, &[&reference], &variables);
        assert_eq!(
            ran.code,
            Some(0),
            "{reference}: {}{}",
            ran.stdout,
            ran.stderr
        );
        let heard = server.heard().pop().expect("it asked");
        let header = |name: &str| heard.header(name).expect("a header").to_owned();
        let theirs = aws.order(&json!({"sign": {
            "id": "AKIDEXAMPLE", "key": key, "token": token, "region": region,
            "url": format!("{url}/"), "body": heard.body, "date": header("x-amz-date"),
            "headers": {
                "content-type": header("content-type"),
                "x-amz-target": header("x-amz-target"),
            },
        }}));
        assert_eq!(theirs, header("authorization"), "{reference}");
    }
}
