//! Secrets and documents, and what of the environment they take.

use super::*;

#[tokio::test]
async fn a_secret_that_was_replaced_is_read_anew_and_comes_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let reference: SecretRef = format!("file:{}", path.display()).parse().unwrap();
    let mut charter = charter(Vec::new());
    charter.secret(&reference);
    charter.secret(&"env:HOME".parse().unwrap());
    assert_eq!(
        charter.secrets.len(),
        1,
        "the environment is the worker's own"
    );
    let broker = Bed::usual().honest(&charter);
    for text in ["first", "second with an end\r", "third\n\n", "ünïcödé"] {
        keep(&path, text, 0o600);
        let secret = broker.secret(&reference).await.unwrap();
        let here = Providers::new(|_| None).load(&reference).unwrap();
        here.show_to(|here| secret.show_to(|there| assert_eq!(here, there)));
        let other = broker.another(&reference, &here).await.unwrap();
        assert!(other.is_none(), "it is the same");
        let old = Secret::new("old").unwrap();
        let other = broker.another(&reference, &old).await.unwrap().unwrap();
        assert!(other.is_same(&here));
    }
    keep(&path, "open to all", 0o644);
    let why = broker.secret(&reference).await.unwrap_err().to_string();
    assert!(
        why.contains("chmod 600") && !why.contains("open to all"),
        "{why}"
    );
}

#[tokio::test]
async fn documents_come_whole_and_a_key_only_if_it_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("own.pem");
    let large: String = "0123456789abcdef".repeat(50_000);
    keep(&path, &large, 0o644);
    let all = [
        Document::Roots,
        Document::File(path.clone()),
        Document::Key(path.clone()),
    ];
    let mut charter = charter(Vec::new());
    for one in &all {
        charter.document(one.clone());
    }
    let broker = Bed::usual().honest(&charter);
    let roots = broker.document(&all[0]).await.unwrap();
    let roots: Vec<&[u8]> = certificates(&roots).collect();
    assert_eq!(roots, [&[1, 2, 3][..], &[4]]);
    assert_eq!(broker.document(&all[1]).await.unwrap(), large.as_bytes());
    let why = broker.document(&all[2]).await.unwrap_err().to_string();
    assert!(why.contains("others may read it"), "{why}");
    keep(&path, "key", 0o600);
    assert_eq!(broker.document(&all[2]).await.unwrap(), b"key");
    std::fs::remove_file(&path).unwrap();
    broker.document(&all[2]).await.unwrap_err();
}

fn keep(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a1_of_the_environment_a_broker_has_what_its_charter_needs() {
    let of = |secrets: &[&str]| {
        let mut charter = charter(vec![at(1)]);
        for secret in secrets {
            charter.secret(&secret.parse().unwrap());
        }
        start::passed(&charter)
    };
    let usual = of(&[]);
    for name in ["HOME", "PATH", "CREDENTIALS_DIRECTORY", "PGPASSWORD"] {
        assert!(!usual.contains(name), "{name}");
    }
    assert!(usual.contains("SSL_CERT_FILE"));
    // those of the environment stay with the worker
    assert_eq!(of(&["env:PGPASSWORD"]), usual);
    let mounted = of(&["cred:key", "file:/etc/key"]);
    let added: Vec<_> = mounted.difference(&usual).collect();
    assert_eq!(added, ["CREDENTIALS_DIRECTORY"]);
}

#[cfg(feature = "vault")]
#[test]
fn a1_the_variables_of_a_vault_reach_a_broker_that_asks_one_and_no_other() {
    let mut without = charter(Vec::new());
    without.places = toml::from_str("vault.token = 'env:TOKEN_OF_VAULT'").unwrap();
    without.secret(&"file:/etc/key".parse().unwrap());
    let of_vault = |name: &String| name.starts_with("VAULT_") || name.ends_with("_OF_VAULT");
    let passed = start::passed(&without);
    assert!(!passed.iter().any(of_vault), "{passed:?}");
    let mut with = without.clone();
    with.secret(&"vault:a/b#c".parse().unwrap());
    let passed = start::passed(&with);
    assert!(passed.contains("VAULT_ADDR") && passed.contains("TOKEN_OF_VAULT"));
    assert!(!passed.iter().any(|name| name.starts_with("AWS_")));
}
