//! A server that is sealed, a standby, overloaded, or no Vault at all.

use super::*;
use crate::config::Limit;
use crate::secret::Unreached;

/// Says `first` as often as it says, and then answers as usual.
fn after(times: usize, first: impl Fn() -> Said + Send + 'static) -> Server {
    let mut left = times;
    Server::start(move |asked| match left {
        0 => usual(asked),
        _ => {
            left -= 1;
            first()
        }
    })
}

fn ask(server: &Server) -> Result<String, Trouble> {
    let mut told = config(server);
    told.deadline_seconds = Limit::near(5);
    loads(
        &providers(told, &Hands::new()),
        "vault:secret/app/db#password",
    )
}

#[test]
fn what_passes_by_itself_is_asked_again() {
    for status in [412, 429, 500, 502, 504] {
        let server = after(2, move || Said::json(status, r#"{"errors":[]}"#));
        assert_eq!(ask(&server).unwrap(), "pw\"1", "{status}");
        assert_eq!(server.asked().len(), 4, "{status}");
    }
    let server = after(1, Said::nothing);
    assert_eq!(ask(&server).unwrap(), "pw\"1");
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept_to_or_not_begun() {
    let server = after(1, || Said::with(429, "Retry-After: 1\r\n", "{}"));
    let start = Instant::now();
    assert_eq!(ask(&server).unwrap(), "pw\"1");
    assert!(start.elapsed() >= Duration::from_secs(1));
    let server = after(1, || Said::with(429, "Retry-After: 60\r\n", "{}"));
    let said = ask(&server).unwrap_err();
    assert!(
        matches!(said, Trouble::Unready { status: 429, .. }),
        "{said}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_somebody_must_mend_is_told_at_once_and_passes_for_who_has_a_value() {
    for (status, remedy) in [
        (503, "unseal it"),
        (501, "not initialized"),
        (472, "replica"),
        (473, "replica"),
        (307, "name the active node"),
    ] {
        let server = Server::start(move |_| {
            Said::with(
                status,
                "Location: http://127.0.0.1:1/v1/\r\n",
                r#"{"errors":["Vault is sealed"]}"#,
            )
        });
        let said = ask(&server).unwrap_err();
        assert!(said.to_string().contains(remedy), "{said}");
        assert!(said.is_passing(), "{said}");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[test]
fn a_version_that_was_deleted_is_told_from_a_path_that_never_was() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/v1/secret/data/app/db" => Said::json(
            404,
            r#"{"data":{"data":null,"metadata":{"deletion_time":"2026-11-25T17:07:24Z","version":1}}}"#,
        ),
        _ => usual(asked),
    });
    assert_eq!(ask(&server), Err(DELETED));
    assert!(!DELETED.is_passing());
}

#[test]
fn what_is_no_vault_is_told() {
    for body in [
        "<html>",
        "[]",
        "{}",
        r#"{"data":[]}"#,
        r#"{"data":{"path":7}}"#,
    ] {
        let server = Server::start(move |_| Said::json(200, body));
        let said = ask(&server);
        assert!(matches!(said, Err(MALFORMED | ABSENT)), "{body}: {said:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_waited_for_as_long_as_was_said() {
    let told = VaultConfig {
        // nobody listens there
        address: Some("http://127.0.0.1:1".to_owned()),
        token: Some("env:TOKEN".parse().unwrap()),
        deadline_seconds: Limit::near(1),
        ..VaultConfig::default()
    };
    let start = Instant::now();
    let said = loads(
        &providers(told, &Hands::new()),
        "vault:secret/app/db#password",
    )
    .unwrap_err();
    assert!(
        matches!(said, Trouble::Unreached(Unreached::Connect(_))),
        "{said}"
    );
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn settings_come_from_the_table_first_and_then_from_the_variables_of_the_tools() {
    let server = Server::start(usual);
    let address = server.address.clone();
    let environment = move |name: &str| match name {
        "VAULT_ADDR" => Some(address.clone().into()),
        "VAULT_TOKEN" => Some(TOKEN.into()),
        "VAULT_NAMESPACE" => Some("from-the-environment".into()),
        _ => None,
    };
    let providers = Providers::new(environment.clone());
    assert_eq!(
        loads(&providers, "vault:secret/app/db#password").unwrap(),
        "pw\"1"
    );
    assert_eq!(
        server.asked()[0].namespace.as_deref(),
        Some("from-the-environment")
    );
    let told = VaultConfig {
        namespace: Some("from-the-table".to_owned()),
        ..VaultConfig::default()
    };
    let mut providers = Providers::new(environment);
    providers.vault = Vault::new(told);
    loads(&providers, "vault:secret/app/db#password").unwrap();
    assert_eq!(
        server.asked().last().unwrap().namespace.as_deref(),
        Some("from-the-table")
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_asked() {
    let server = Server::start(usual);
    let good = config(&server);
    let circle = VaultConfig {
        token: Some("vault:secret/app/db#token".parse().unwrap()),
        ..good.clone()
    };
    let two = VaultConfig {
        kubernetes: Some(Kubernetes {
            role: "r".to_owned(),
            jwt_file: None,
            mount: None,
        }),
        ..good.clone()
    };
    let version = VaultConfig {
        kv_version: Some(3),
        ..good.clone()
    };
    let plain = VaultConfig {
        address: Some("http://vault.example.org:8200".to_owned()),
        ..good
    };
    for (told, remedy) in [
        (circle, "cannot be kept by the server"),
        (two, "keep one of"),
        (version, "1 or 2"),
        (plain, "use https"),
    ] {
        let said = loads(
            &providers(told, &Hands::new()),
            "vault:secret/app/db#password",
        );
        let said = said.unwrap_err();
        assert!(said.to_string().contains(remedy), "{said}");
        assert!(!said.is_passing());
    }
    let skip = Providers::new(|name| (name == "VAULT_SKIP_VERIFY").then(|| "1".into()));
    let said = loads(&skip, "vault:secret/app/db#password").unwrap_err();
    assert!(said.to_string().contains("always verified"), "{said}");
    let nothing = Providers::new(|_| None);
    let said = loads(&nothing, "vault:secret/app/db#password").unwrap_err();
    assert!(said.to_string().contains("VAULT_ADDR"), "{said}");
    assert!(server.asked().is_empty());
}
