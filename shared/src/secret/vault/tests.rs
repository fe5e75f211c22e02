//! A server with the documented wire shapes: in the states that it can be in, and as it should not.

mod leases;
mod login;
mod real;
mod server;
mod states;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;
use crate::secret::Loads;
use crate::secret::SecretError;
use crate::secret::SecretRef;
use server::Asked;
use server::Said;
use server::Server;

/// Instants that a test chooses.
#[derive(Clone)]
struct Hands(Instant, Arc<AtomicU64>);

impl Hands {
    fn new() -> Self {
        Self(Instant::now(), Arc::default())
    }

    fn turn(&self, seconds: u64) {
        self.1.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn providers(config: VaultConfig, hands: &Hands) -> Providers {
    let Hands(start, turned) = hands.clone();
    let environment = |name: &str| match name {
        "TOKEN" => Some(TOKEN.into()),
        "SECRET_ID" => Some(SECRET_ID.into()),
        _ => None,
    };
    let mut vault = Vault::new(config);
    vault.clock = Box::new(move || start + Duration::from_secs(turned.load(Ordering::Relaxed)));
    Providers {
        vault,
        ..Providers::new(environment)
    }
}

fn config(server: &Server) -> VaultConfig {
    VaultConfig {
        address: Some(server.address.clone()),
        token: Some("env:TOKEN".parse().unwrap()),
        ..VaultConfig::default()
    }
}

fn loads(providers: &Providers, reference: &str) -> Result<String, Trouble> {
    let reference: SecretRef = reference.parse().unwrap();
    match providers.load(&reference) {
        Ok(secret) => Ok(secret.show_to(str::to_owned)),
        Err(SecretError::Unusable { trouble, .. }) => Err(trouble),
        Err(other) => panic!("{other}"),
    }
}

/// Answers as a server that keeps `pw1` at `db` in stores of both versions.
fn usual(asked: &Asked) -> Said {
    match asked.target.as_str() {
        _ if asked.token.as_deref() != Some(TOKEN) => denied(),
        "/v1/sys/internal/ui/mounts/secret/app/db" | "/v1/sys/internal/ui/mounts/secret/none" => {
            mount("secret/", "kv", Some("2"))
        }
        "/v1/sys/internal/ui/mounts/team/kv/db" => mount("team/kv/", "kv", Some("1")),
        "/v1/secret/data/app/db" => Said::json(
            200,
            r#"{"request_id":"1","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"n":5,"password":"pw\"1"},"metadata":{"version":1,"deletion_time":"","destroyed":false}},"auth":null}"#,
        ),
        "/v1/team/kv/db" => Said::json(
            200,
            r#"{"lease_id":"","renewable":false,"lease_duration":2764800,"data":{"password":"old1"},"auth":null}"#,
        ),
        _ => Said::json(404, r#"{"errors":[]}"#),
    }
}

fn denied() -> Said {
    Said::json(
        403,
        r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#,
    )
}

fn mount(path: &str, engine: &str, version: Option<&str>) -> Said {
    let options = version.map(|version| serde_json::json!({ "version": version }));
    let data = serde_json::json!({"path": path, "type": engine, "options": options});
    Said::json(200, &serde_json::json!({ "data": data }).to_string())
}

const TOKEN: &str = "CANARYTOKEN";
const SECRET_ID: &str = "CANARYSECRETID";

#[test]
fn a_field_is_read_from_stores_of_both_versions_wherever_they_are_mounted() {
    let server = Server::start(usual);
    let providers = providers(config(&server), &Hands::new());
    assert_eq!(
        loads(&providers, "vault:secret/app/db#password").unwrap(),
        "pw\"1"
    );
    assert_eq!(
        loads(&providers, "vault:team/kv/db#password").unwrap(),
        "old1"
    );
    assert_eq!(
        loads(&providers, "vault:secret/app/db#password").unwrap(),
        "pw\"1"
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 5, "a mount is looked for once");
    assert!(
        asked.iter().all(|asked| asked.marked),
        "each says that no browser was made to ask"
    );
}

#[test]
fn what_is_not_there_is_told_by_what_to_do_about_it() {
    let server = Server::start(usual);
    let providers = providers(config(&server), &Hands::new());
    assert_eq!(loads(&providers, "vault:secret/app/db#user"), Err(NO_FIELD));
    assert_eq!(loads(&providers, "vault:secret/none#password"), Err(ABSENT));
    let number = loads(&providers, "vault:secret/app/db#n");
    assert_eq!(number, Err(Trouble::Unfit("the field is no text")));
}

#[test]
fn where_the_token_may_not_ask_for_mounts_the_operator_says_the_version() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/v1/secret/data/app/db" => usual(asked),
        _ => denied(),
    });
    let silent = providers(config(&server), &Hands::new());
    let said = loads(&silent, "vault:secret/app/db#password").unwrap_err();
    assert!(said.to_string().contains("kv-version"), "{said}");
    let told = VaultConfig {
        kv_version: Some(2),
        ..config(&server)
    };
    let told = providers(told, &Hands::new());
    assert_eq!(
        loads(&told, "vault:secret/app/db#password").unwrap(),
        "pw\"1"
    );
}

#[test]
fn a_mount_that_is_not_the_beginning_of_the_path_is_not_believed() {
    for path in ["other/", "", "secret/app/db/more/", "secret/ap"] {
        let server = Server::start(move |_| mount(path, "kv", Some("2")));
        let providers = providers(config(&server), &Hands::new());
        let said = loads(&providers, "vault:secret/app/db#password");
        assert_eq!(said, Err(MALFORMED), "{path}");
        assert_eq!(server.asked().len(), 1, "{path}");
    }
}

#[test]
fn the_namespace_is_said_with_each_question() {
    let server = Server::start(usual);
    let told = VaultConfig {
        namespace: Some("team/a".to_owned()),
        ..config(&server)
    };
    loads(
        &providers(told, &Hands::new()),
        "vault:secret/app/db#password",
    )
    .unwrap();
    let all = server.asked();
    assert!(
        all.iter()
            .all(|asked| asked.namespace.as_deref() == Some("team/a"))
    );
}

#[test]
fn l4_no_error_repeats_what_the_server_says_or_what_it_was_told() {
    for status in [
        200, 400, 403, 404, 405, 412, 429, 472, 473, 500, 501, 503, 599,
    ] {
        let server = Server::start(move |asked| {
            let text = format!(
                r#"{{"errors":["{TOKEN} {}"],"data":{{"CANARY":1}}}}"#,
                asked.target
            );
            Said::json(status, &text)
        });
        let mut told = config(&server);
        told.deadline_seconds = crate::config::Limit::near(1);
        let reference: SecretRef = "vault:secret/app/db#password".parse().unwrap();
        let error = providers(told, &Hands::new()).load(&reference).unwrap_err();
        for said in [error.to_string(), format!("{error:?}")] {
            assert!(!said.contains("CANARY") && !said.contains("/v1/"), "{said}");
        }
        assert!(
            error
                .to_string()
                .starts_with("vault:secret/app/db#password: ")
        );
    }
}

#[test]
fn references_are_strict() {
    for good in [
        "vault:secret/db#password",
        "vault:team/kv/a.b_c-d@e#p.w-1",
        "vault:db/static-creds/x#password",
    ] {
        assert_eq!(good.parse::<SecretRef>().unwrap().to_string(), good);
    }
    let long = format!("vault:secret/{}#p", "a".repeat(520));
    for bad in [
        "vault:",
        "vault:secret",
        "vault:secret/db",
        "vault:secret#p",
        "vault:secret/db#",
        "vault:/secret/db#p",
        "vault:secret//db#p",
        "vault:secret/db/#p",
        "vault:secret/../db#p",
        "vault:secret/./db#p",
        "vault:secret/%2e%2e/db#p",
        "vault:secret/db?version=1#p",
        "vault:secret/db#p#q",
        "vault:secret/d b#p",
        "vault:secret/d\nb#p",
        "vault:secret/db#p\r\n",
        "vault:secret/db#p/q",
        "vault:secret\\db#p",
        "vault:secret/dü#p",
        &long,
    ] {
        assert!(bad.parse::<SecretRef>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_sent_as_it_is_written(place in "[a-z./#%?\\\\ @+~:-]{0,24}") {
        if let Ok(reference) = format!("vault:{place}").parse::<SecretRef>() {
            let (path, _) = reference.place.split_once('#').unwrap();
            let target = format!("/v1/{path}");
            prop_assert!(crate::secret::http::Request::new("GET", target).is_ok());
            prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")));
            prop_assert!(!path.contains(['%', '?', '\\']));
        }
    }
}
