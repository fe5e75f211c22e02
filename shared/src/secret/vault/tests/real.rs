//! The same against OpenBao or Vault itself: the binary `bao` or `vault` of this machine.
//!
//! Where there is none the tests say so and pass, unless `KEYHOLE_VAULT=1` is set.
#![expect(
    clippy::disallowed_methods,
    reason = "tests start a server of their own and tell it what to do"
)]

use std::io;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::*;
use crate::secret::buffer::Buffer;
use crate::secret::http::Client;
use crate::secret::http::Origin;
use crate::secret::http::Request;
use crate::secret::http::Roots;

/// A server in memory, with [`TOKEN`] as the token that may do everything.
struct Real {
    address: String,
    child: Child,
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Real {
    fn start() -> Option<Self> {
        let port = {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            free.local_addr().unwrap().port()
        };
        for binary in ["bao", "vault"] {
            let child = Command::new(binary)
                .args(["server", "-dev", "-dev-no-store-token"])
                .arg(format!("-dev-root-token-id={TOKEN}"))
                .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            match child {
                Ok(child) => {
                    let address = format!("http://127.0.0.1:{port}");
                    let real = Self { address, child };
                    real.await_start();
                    return Some(real);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => panic!("{binary}: {error}"),
            }
        }
        let wanted = std::env::var("KEYHOLE_VAULT").as_deref() == Ok("1");
        assert!(
            !wanted,
            "KEYHOLE_VAULT is set and neither `bao` nor `vault` is installed"
        );
        eprintln!("not run: neither `bao` nor `vault` is installed");
        None
    }

    fn await_start(&self) {
        let begin = Instant::now();
        while self.tell("GET", "sys/health", "").0 != 200 {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "it does not start"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn tell(&self, method: &'static str, path: &str, body: &str) -> (u16, serde_json::Value) {
        self.tell_with(method, path, body, "X-Vault-Request", "true")
    }

    fn tell_with(
        &self,
        method: &'static str,
        path: &str,
        body: &str,
        header: &'static str,
        value: &str,
    ) -> (u16, serde_json::Value) {
        let client = Client::new(&Roots::System).unwrap();
        let origin: Origin = self.address.parse().unwrap();
        let mut sent = Buffer::default();
        sent.push(body.as_bytes());
        let request = Request::new(method, format!("/v1/{path}"))
            .and_then(|request| request.header("X-Vault-Token", TOKEN))
            .and_then(|request| request.header(header, value))
            .unwrap()
            .body(sent);
        let deadline = Instant::now() + Duration::from_secs(10);
        match client.send(&origin, &request, deadline) {
            Ok(answer) => {
                let json = serde_json::from_slice(&answer.body).unwrap_or_default();
                (answer.status, json)
            }
            Err(_) => (0, serde_json::Value::Null),
        }
    }

    /// Tells it something that it must accept.
    fn set(&self, method: &'static str, path: &str, body: &str) -> serde_json::Value {
        let (status, said) = self.tell(method, path, body);
        assert!(matches!(status, 200 | 204), "{path}: {status} {said}");
        said
    }

    fn config(&self) -> VaultConfig {
        VaultConfig {
            address: Some(self.address.clone()),
            token: Some("env:TOKEN".parse().unwrap()),
            ..VaultConfig::default()
        }
    }

    /// A role that may read `secret/app/*`, and ask for its mount.
    fn role(&self) -> String {
        self.set("POST", "sys/auth/approle", r#"{"type":"approle"}"#);
        let policy = r#"{"policy":"path \"secret/data/app/*\" { capabilities = [\"read\"] }"}"#;
        self.set("PUT", "sys/policies/acl/app", policy);
        let role = r#"{"token_policies":"app","token_ttl":"60s","token_max_ttl":"90s"}"#;
        self.set("POST", "auth/approle/role/app", role);
        let id = self.set("GET", "auth/approle/role/app/role-id", "");
        id["data"]["role_id"].as_str().unwrap().to_owned()
    }
}

const READ: &str = "vault:secret/app/db#password";

#[test]
fn a_real_server_gives_fields_of_both_versions_and_says_what_is_wrong() {
    let Some(real) = Real::start() else { return };
    real.set(
        "POST",
        "secret/data/app/db",
        r#"{"data":{"password":"pw\n\"\u00fc1","n":7}}"#,
    );
    real.set(
        "POST",
        "sys/mounts/team/old",
        r#"{"type":"kv","options":{"version":"1"}}"#,
    );
    real.set("POST", "team/old/db", r#"{"password":"old1"}"#);
    let providers = providers(real.config(), &Hands::new());
    assert_eq!(loads(&providers, READ).unwrap(), "pw\n\"ü1");
    assert_eq!(
        loads(&providers, "vault:team/old/db#password").unwrap(),
        "old1"
    );
    assert_eq!(loads(&providers, "vault:secret/app/db#none"), Err(NO_FIELD));
    assert_eq!(
        loads(&providers, "vault:secret/app/none#password"),
        Err(ABSENT)
    );
    let said = loads(&providers, "vault:nowhere/db#password").unwrap_err();
    assert!(
        said.to_string().contains("no engine is mounted there"),
        "{said}"
    );
    real.set("DELETE", "secret/data/app/db", "");
    assert_eq!(loads(&providers, READ), Err(DELETED));
    real.set("PUT", "sys/seal", "");
    let said = loads(&providers, READ).unwrap_err();
    assert!(said.to_string().contains("unseal it"), "{said}");
}

#[test]
fn a_real_server_lets_a_role_in_renews_its_token_and_ends_it() {
    let Some(real) = Real::start() else { return };
    let role_id = real.role();
    real.set(
        "POST",
        "secret/data/app/db",
        r#"{"data":{"password":"pw1"}}"#,
    );
    real.set(
        "POST",
        "secret/data/other",
        r#"{"data":{"password":"pw2"}}"#,
    );
    let wrap = || {
        let path = "auth/approle/role/app/secret-id";
        let (status, said) = real.tell_with("POST", path, "", "X-Vault-Wrap-TTL", "300s");
        assert_eq!(status, 200, "{said}");
        said["wrap_info"]["token"].as_str().unwrap().to_owned()
    };
    let with = |wrapping: String, hands: &Hands| {
        let told = VaultConfig {
            token: None,
            approle: Some(AppRole {
                role_id: role_id.clone(),
                secret_id: "env:WRAPPED".parse().unwrap(),
                wrapped: true,
                mount: None,
            }),
            ..real.config()
        };
        let made = providers(told, hands);
        Providers {
            environment: Box::new(move |name| (name == "WRAPPED").then(|| wrapping.clone().into())),
            ..made
        }
    };
    let wrapping = wrap();
    let hands = Hands::new();
    let first = with(wrapping.clone(), &hands);
    assert_eq!(loads(&first, READ).unwrap(), "pw1");
    assert_eq!(loads(&first, "vault:secret/other#password"), Err(DENIED));
    hands.turn(45);
    assert_eq!(loads(&first, READ).unwrap(), "pw1", "renewed");
    hands.turn(200);
    assert_eq!(
        loads(&first, READ).unwrap(),
        "pw1",
        "logged in anew, by the same secret id"
    );
    let said = loads(&with(wrapping, &Hands::new()), READ).unwrap_err();
    assert!(said.to_string().contains("somebody else has it"), "{said}");
    // a wrapping of something else
    let path = "sys/wrapping/wrap";
    let (_, other) = real.tell_with(
        "POST",
        path,
        r#"{"secret_id":"x"}"#,
        "X-Vault-Wrap-TTL",
        "300s",
    );
    let other = other["wrap_info"]["token"].as_str().unwrap().to_owned();
    let said = loads(&with(other, &Hands::new()), READ).unwrap_err();
    assert!(said.to_string().contains("exchanged"), "{said}");
}
