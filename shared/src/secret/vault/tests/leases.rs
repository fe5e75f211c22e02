//! Secrets that end: made for who asks, or changed by the server.

use super::*;
use crate::secret::Kept;
use crate::secret::Rhythm;

/// Makes another password each time, for a minute; the lease can be renewed while `renews`.
fn making(renews: bool) -> Server {
    let mut made = 0;
    Server::start(
        move |asked| match (asked.method.as_str(), asked.target.as_str()) {
            (_, "/v1/sys/internal/ui/mounts/database/creds/app")
            | (_, "/v1/sys/internal/ui/mounts/database/static-creds/app") => {
                mount("database/", "database", None)
            }
            ("GET", "/v1/database/creds/app") => {
                made += 1;
                let data =
                    serde_json::json!({"username": "v-1", "password": format!("made{made}")});
                let said = serde_json::json!({
                    "lease_id": format!("database/creds/app/{made}"), "renewable": true,
                    "lease_duration": 60, "data": data,
                });
                Said::json(200, &said.to_string())
            }
            ("GET", "/v1/database/static-creds/app") => Said::json(
                200,
                r#"{"lease_id":"","renewable":false,"lease_duration":0,"data":{"password":"turned","ttl":17,"username":"u"}}"#,
            ),
            ("PUT", "/v1/sys/leases/renew")
                if renews && asked.body == r#"{"lease_id":"database/creds/app/1"}"# =>
            {
                Said::json(
                    200,
                    r#"{"lease_id":"database/creds/app/1","renewable":true,"lease_duration":60}"#,
                )
            }
            _ => Said::json(400, r#"{"errors":["lease not found"]}"#),
        },
    )
}

fn kept(server: &Server, hands: &Hands) -> Kept {
    let reference = "vault:database/creds/app#password".parse().unwrap();
    let providers = Arc::new(providers(config(server), hands));
    Kept::new(reference, providers, Rhythm::default())
}

fn at(kept: &Kept, hands: &Hands, seconds: u64) -> String {
    let secret = kept
        .current(hands.0 + Duration::from_secs(seconds))
        .unwrap();
    secret.show_to(str::to_owned)
}

#[test]
fn a_lease_is_renewed_at_the_server_and_the_password_stays() {
    let server = making(true);
    let hands = Hands::new();
    let kept = kept(&server, &hands);
    for second in [0, 39, 40, 79, 80, 110] {
        assert_eq!(at(&kept, &hands, second), "made1", "{second}");
    }
    let renewed = server
        .targets()
        .iter()
        .filter(|target| target.ends_with("renew"))
        .count();
    assert_eq!(renewed, 2);
}

#[test]
fn a_lease_that_cannot_be_renewed_is_followed_by_another() {
    let server = making(false);
    let hands = Hands::new();
    let kept = kept(&server, &hands);
    assert_eq!(at(&kept, &hands, 39), "made1");
    assert_eq!(at(&kept, &hands, 39 + 40), "made2");
}

#[test]
fn a_password_that_the_server_changes_is_good_until_it_does() {
    let server = making(true);
    let providers = providers(config(&server), &Hands::new());
    let reference = "vault:database/static-creds/app#password".parse().unwrap();
    let loaded = providers.fetch(&reference).unwrap();
    let lease = loaded.lease.unwrap();
    assert_eq!(lease.time, Duration::from_secs(17));
    assert_eq!(lease.renewable, None);
}

#[test]
fn a_check_tells_how_long_a_secret_is_good_and_not_which_lease_it_is() {
    let server = making(true);
    let providers = providers(config(&server), &Hands::new());
    let reference = "vault:database/creds/app#password".parse().unwrap();
    let checked = crate::secret::check(&[reference], &providers);
    let said = checked[0].to_string();
    assert_eq!(
        said,
        "vault:database/creds/app#password: ok, 1-15 bytes, good for 60 seconds, can be renewed"
    );
    assert!(!format!("{checked:?}").contains("creds/app/1"));
}
