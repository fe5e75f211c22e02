//! Tokens: handed over, fetched for a role or a pod, renewed, revoked and stolen.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;

const READ: &str = "vault:secret/app/db#password";

/// Logs in with what `accepted` says is right, and takes the newest token only.
fn logging_in(accepted: fn(&Asked) -> bool) -> Server {
    let mut logins = 0;
    Server::start(move |asked| match asked.target.as_str() {
        "/v1/auth/approle/login" | "/v1/auth/k8s/prod/login" if accepted(asked) => {
            logins += 1;
            auth(&format!("hvs.{logins}"), 60)
        }
        "/v1/auth/approle/login" | "/v1/auth/k8s/prod/login" => {
            Said::json(400, r#"{"errors":["invalid role or secret ID"]}"#)
        }
        _ if asked.token != Some(format!("hvs.{logins}")) => denied(),
        "/v1/auth/token/renew-self" => auth(&format!("hvs.{logins}"), 60),
        _ => {
            let mut asked = asked.clone();
            asked.token = Some(TOKEN.to_owned());
            usual(&asked)
        }
    })
}

fn auth(token: &str, seconds: u64) -> Said {
    let auth =
        serde_json::json!({"client_token": token, "lease_duration": seconds, "renewable": true});
    Said::json(200, &serde_json::json!({ "auth": auth }).to_string())
}

fn approle(server: &Server, wrapped: bool) -> VaultConfig {
    VaultConfig {
        token: None,
        approle: Some(AppRole {
            role_id: "role-1".to_owned(),
            secret_id: "env:SECRET_ID".parse().unwrap(),
            wrapped,
            mount: None,
        }),
        ..config(server)
    }
}

fn right(asked: &Asked) -> bool {
    asked.token.is_none()
        && asked.method == "POST"
        && asked.body == format!(r#"{{"role_id":"role-1","secret_id":"{SECRET_ID}"}}"#)
}

#[test]
fn a_role_logs_in_once_renews_and_logs_in_again_when_that_is_over() {
    let server = logging_in(right);
    let hands = Hands::new();
    let providers = providers(approle(&server, false), &hands);
    loads(&providers, READ).unwrap();
    loads(&providers, READ).unwrap();
    let count = |what: &str| {
        server
            .targets()
            .iter()
            .filter(|target| *target == what)
            .count()
    };
    assert_eq!(count("auth/approle/login"), 1);
    hands.turn(39);
    loads(&providers, READ).unwrap();
    assert_eq!(count("auth/token/renew-self"), 0);
    hands.turn(1);
    loads(&providers, READ).unwrap();
    assert_eq!(count("auth/token/renew-self"), 1);
    assert_eq!(count("auth/approle/login"), 1);
    hands.turn(61);
    loads(&providers, READ).unwrap();
    assert_eq!(
        count("auth/approle/login"),
        2,
        "behind its end it is not renewed"
    );
}

#[test]
fn a_token_that_was_revoked_is_replaced_once() {
    let mut reads = 0;
    let mut logins = 0;
    let server = Server::start(move |asked| match asked.target.as_str() {
        "/v1/auth/approle/login" => {
            logins += 1;
            auth(&format!("hvs.{logins}"), 600)
        }
        "/v1/secret/data/app/db" => {
            reads += 1;
            if reads == 2 || reads > 3 {
                denied()
            } else {
                let mut asked = asked.clone();
                asked.token = Some(TOKEN.to_owned());
                usual(&asked)
            }
        }
        _ => mount("secret/", "kv", Some("2")),
    });
    let providers = providers(approle(&server, false), &Hands::new());
    loads(&providers, READ).unwrap();
    loads(&providers, READ).unwrap();
    let logins = || {
        server
            .targets()
            .iter()
            .filter(|target| target.ends_with("login"))
            .count()
    };
    assert_eq!(logins(), 2);
    assert_eq!(loads(&providers, READ), Err(DENIED));
    assert_eq!(
        logins(),
        3,
        "a new token that may not read either is no reason for another"
    );
}

#[test]
fn a_login_that_is_not_accepted_says_what_to_look_at() {
    let server = logging_in(|_| false);
    let said = loads(&providers(approle(&server, false), &Hands::new()), READ).unwrap_err();
    assert!(said.to_string().contains("look at the role"), "{said}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_pod_logs_in_with_its_token_as_it_is_at_that_time() {
    let server = logging_in(|asked| asked.body == r#"{"role":"app","jwt":"ey.J.2"}"#);
    let mut jwt = tempfile::NamedTempFile::new().unwrap();
    jwt.write_all(b"ey.J.2\n").unwrap();
    let told = VaultConfig {
        token: None,
        kubernetes: Some(Kubernetes {
            role: "app".to_owned(),
            jwt_file: Some(jwt.path().to_owned()),
            mount: Some("k8s/prod".to_owned()),
        }),
        ..config(&server)
    };
    assert_eq!(
        loads(&providers(told, &Hands::new()), READ).unwrap(),
        "pw\"1"
    );
}

#[test]
fn the_file_of_an_agent_is_read_again_when_it_changes() {
    let server = logging_in(right);
    // one login, so that `hvs.1` is accepted
    loads(&providers(approle(&server, false), &Hands::new()), READ).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sink");
    let write = |token: &str| {
        // as agents do: beside, then in its place
        let new = dir.path().join("new");
        let mut file = tempfile::NamedTempFile::new_in(&dir).unwrap();
        file.write_all(token.as_bytes()).unwrap();
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o600))
            .unwrap();
        file.persist(&new).unwrap().sync_all().unwrap();
        rustix::fs::rename(&new, &path).unwrap();
    };
    write("hvs.0");
    let told = VaultConfig {
        token: Some(format!("file:{}", path.display()).parse().unwrap()),
        ..config(&server)
    };
    let providers = providers(told, &Hands::new());
    assert!(loads(&providers, READ).is_err(), "an old token");
    write("hvs.1");
    assert_eq!(loads(&providers, READ).unwrap(), "pw\"1");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = loads(&providers, READ).unwrap_err();
    assert!(said.to_string().contains("chmod 600"), "{said}");
}

/// Gives what is in a wrapping once, to who asks with its token.
fn wrapping(made_by: &'static str) -> Server {
    let mut used = false;
    Server::start(move |asked| match asked.target.as_str() {
        "/v1/sys/wrapping/lookup"
            if !used && asked.body == format!(r#"{{"token":"{SECRET_ID}"}}"#) =>
        {
            let data = serde_json::json!({ "creation_path": made_by });
            Said::json(200, &serde_json::json!({ "data": data }).to_string())
        }
        "/v1/sys/wrapping/unwrap" if !used && asked.token.as_deref() == Some(SECRET_ID) => {
            used = true;
            Said::json(
                200,
                r#"{"data":{"secret_id":"inside","secret_id_accessor":"x"}}"#,
            )
        }
        "/v1/sys/wrapping/lookup" | "/v1/sys/wrapping/unwrap" => Said::json(
            400,
            r#"{"errors":["wrapping token is not valid or does not exist"]}"#,
        ),
        "/v1/auth/approle/login" if asked.body.ends_with(r#""secret_id":"inside"}"#) => {
            auth(TOKEN, 60)
        }
        _ => usual(asked),
    })
}

#[test]
fn a_wrapped_secret_id_is_unwrapped_once_and_used_for_each_login() {
    let server = wrapping("auth/approle/role/app/secret-id");
    let hands = Hands::new();
    let providers = providers(approle(&server, true), &hands);
    loads(&providers, READ).unwrap();
    hands.turn(120);
    loads(&providers, READ).unwrap();
    let count = |what: &str| {
        server
            .targets()
            .iter()
            .filter(|target| target.ends_with(what))
            .count()
    };
    assert_eq!((count("unwrap"), count("login")), (1, 2));
}

#[test]
fn i_a_wrapping_that_somebody_opened_before_is_an_alarm() {
    let server = wrapping("auth/approle/role/app/secret-id");
    loads(&providers(approle(&server, true), &Hands::new()), READ).unwrap();
    let said = loads(&providers(approle(&server, true), &Hands::new()), READ).unwrap_err();
    assert!(said.to_string().contains("somebody else has it"), "{said}");
}

#[test]
fn i_a_wrapping_that_was_made_elsewhere_is_not_opened() {
    for made_by in [
        "sys/wrapping/wrap",
        "auth/other/role/app/secret-id",
        "secret/data/x",
        "",
    ] {
        let server = wrapping(made_by);
        let said = loads(&providers(approle(&server, true), &Hands::new()), READ).unwrap_err();
        assert!(said.to_string().contains("exchanged"), "{said}");
        assert!(
            !server
                .targets()
                .iter()
                .any(|target| target.ends_with("unwrap"))
        );
    }
}

#[test]
fn an_unwrapping_whose_answer_was_lost_is_not_tried_again() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/v1/sys/wrapping/lookup" => Said::json(
            200,
            r#"{"data":{"creation_path":"auth/approle/role/app/secret-id"}}"#,
        ),
        _ => Said::nothing(),
    });
    let said = loads(&providers(approle(&server, true), &Hands::new()), READ);
    assert!(said.is_err());
    assert_eq!(
        server.targets(),
        ["sys/wrapping/lookup", "sys/wrapping/unwrap"]
    );
}

#[test]
fn l4_a_token_that_would_break_a_header_is_not_sent() {
    let server = Server::start(usual);
    let told = VaultConfig {
        token: Some("env:T".parse().unwrap()),
        ..config(&server)
    };
    let mut providers = Providers::new(|name| (name == "T").then(|| "hvs.1\r\nX-Evil: 1".into()));
    providers.vault = Vault::new(told);
    let said = loads(&providers, READ).unwrap_err();
    assert!(said.to_string().contains("control character"), "{said}");
    assert!(server.asked().is_empty());
}
