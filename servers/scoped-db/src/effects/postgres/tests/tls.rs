//! TLS and passwords, against a server whose certificate is for `localhost`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use guard::broker::NotLoaded;
use guard::error::Refusal;
use serde_json::json;

use crate::effects::postgres::Settings;
use crate::effects::postgres::testing::Database;
use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::here;
use crate::effects::postgres::testing::password;
use crate::effects::postgres::testing::query;
use crate::effects::postgres::testing::told;

/// A database of a server that has TLS.
async fn tls_database(sql: &str) -> Option<Database> {
    let database = database(sql).await?;
    if !database.cluster.tls {
        eprintln!("NOT RUN: this PostgreSQL server was built without TLS");
        return None;
    }
    Some(database)
}

/// How the session of `role` is encrypted, or why there is none.
async fn connect(database: &Database, role: &str, host: &str, rest: &str) -> Result<bool, String> {
    let (port, name) = (database.cluster.port(), &database.name);
    let url = format!("postgres://{role}@{host}:{port}/{name}?{rest}");
    let secret = format!("secret of {role}");
    let settings = Settings::default();
    let postgres = told(
        url.parse().map_err(|error| format!("{error}"))?,
        move |_| Ok(password(&secret)),
        settings,
    );
    let ask = "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";
    match postgres.query(&call(), &query(ask, [])).await {
        Ok(rows) => Ok(rows.rows == [[json!(true)]]),
        Err(Refusal::Failed(fault)) => Err(fault.chain()),
        Err(Refusal::Denied(denial)) => Err(denial.to_string()),
    }
}

#[tokio::test]
async fn each_mode_verifies_what_it_says() {
    let Some(database) = tls_database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let ca = database
        .cluster
        .socket()
        .join("ca.pem")
        .display()
        .to_string();
    let other = database
        .cluster
        .socket()
        .join("other.pem")
        .display()
        .to_string();
    let with = |mode: &str, roots: &str| format!("sslmode={mode}&sslrootcert={roots}");
    for (host, rest, encrypted) in [
        ("localhost", "sslmode=disable".to_owned(), Some(false)),
        ("localhost", String::new(), Some(true)),
        ("127.0.0.1", "sslmode=prefer".to_owned(), Some(true)),
        ("127.0.0.1", "sslmode=require".to_owned(), Some(true)),
        ("localhost", with("verify-full", &ca), Some(true)),
        ("127.0.0.1", with("verify-ca", &ca), Some(true)),
        // The name is another.
        ("127.0.0.1", with("verify-full", &ca), None),
        // Somebody else signed it.
        ("localhost", with("verify-full", &other), None),
        ("127.0.0.1", with("verify-ca", &other), None),
        ("127.0.0.1", with("require", &other), None),
        ("localhost", with("verify-full", "/nowhere"), None),
        ("localhost", "sslmode=verify-full".to_owned(), None),
        (
            "localhost",
            "channel_binding=require".to_owned(),
            Some(true),
        ),
        (
            "localhost",
            "channel_binding=disable".to_owned(),
            Some(true),
        ),
    ] {
        let outcome = connect(&database, &role, host, &rest).await;
        assert_eq!(
            outcome.clone().ok(),
            encrypted,
            "{host} {rest}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_password_is_fetched_for_each_connection_and_told_to_nobody() {
    let Some(database) = tls_database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    static FETCHED: AtomicU32 = AtomicU32::new(0);
    let port = database.cluster.port();
    let url = format!("postgres://{role}@localhost:{port}/{}", database.name);
    let right = format!("secret of {role}");
    let postgres = told(
        url.parse().unwrap(),
        move |refused| match refused {
            Some(_) => Ok(password("wrong-canary")),
            None => match FETCHED.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(password("wrong-canary")),
                1 => Err(NotLoaded::new("the keyring is locked")),
                _ => Ok(password(&right)),
            },
        },
        Settings::default(),
    );
    assert!(!format!("{postgres:?}").contains("canary"));
    let ask = query("SELECT 1", []);
    for expected in ["28P01", "keyring is locked"] {
        let Err(Refusal::Failed(fault)) = postgres.query(&call(), &ask).await else {
            panic!("it was let in");
        };
        assert!(fault.chain().contains(expected), "{}", fault.chain());
        assert!(!fault.chain().contains("canary"), "{}", fault.chain());
    }
    assert_eq!(postgres.query(&call(), &ask).await.unwrap().rows.len(), 1);
    let without = here(url.parse().unwrap(), None, Settings::default());
    let Err(Refusal::Failed(fault)) = without.query(&call(), &ask).await else {
        panic!("it was let in");
    };
    assert!(
        fault.chain().contains("password missing"),
        "{}",
        fault.chain()
    );
}

#[tokio::test]
async fn a_statement_is_stopped_over_tls_as_well() {
    let Some(database) = tls_database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let (port, name) = (database.cluster.port(), &database.name);
    let ca = database
        .cluster
        .socket()
        .join("ca.pem")
        .display()
        .to_string();
    let url =
        format!("postgres://{role}@localhost:{port}/{name}?sslmode=verify-full&sslrootcert={ca}");
    let secret = format!("secret of {role}");
    let postgres = told(
        url.parse().unwrap(),
        move |_| Ok(password(&secret)),
        Settings::default(),
    );
    let mut slow = query("SELECT pg_sleep(30)::text", []);
    slow.limits.time = std::time::Duration::from_millis(300);
    assert!(postgres.query(&call(), &slow).await.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let admin = database.admin().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state = 'active'";
    let row = admin.query_one(sql, &[&role]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_password_that_was_changed_is_fetched_once_more_and_what_runs_goes_on() {
    let Some(database) = tls_database("").await else {
        return;
    };
    let role = database.role("rotated", "").await;
    let (port, name) = (database.cluster.port(), &database.name);
    let url = format!("postgres://{role}@localhost:{port}/{name}?sslmode=require");
    let first = format!("secret of {role}");
    // what is kept, what is known of it, and how often somebody asked for another
    let kept = Arc::new(Mutex::new(first.clone()));
    let known = Arc::new(Mutex::new(first));
    let asked = Arc::new(AtomicU32::new(0));
    let (place, cache, count) = (Arc::clone(&kept), Arc::clone(&known), Arc::clone(&asked));
    let postgres = told(
        url.parse().unwrap(),
        move |refused| {
            let mut cache = cache.lock().unwrap();
            if refused.is_some() {
                count.fetch_add(1, Ordering::Relaxed);
                cache.clone_from(&place.lock().unwrap());
            }
            Ok(password(&cache))
        },
        Settings::default(),
    );
    let pid = query("SELECT pg_backend_pid()", []);
    let before = postgres.query(&call(), &pid).await.unwrap().rows;
    let admin = database.admin().await;
    let change = format!("ALTER ROLE {role} PASSWORD 'another'");
    admin.batch_execute(&change).await.unwrap();
    let after = postgres.query(&call(), &pid).await.unwrap().rows;
    assert_eq!(before, after, "a connection that is open goes on");
    // without a new password anywhere a new connection is refused, after one look
    let refused = postgres.session().await.unwrap_err();
    assert!(refused.chain().contains("28P01"), "{}", refused.chain());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    *kept.lock().unwrap() = "another".to_owned();
    postgres.session().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    postgres.session().await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2, "the new one is kept");
}

#[tokio::test]
async fn a_client_certificate_takes_the_place_of_a_password() {
    let Some(database) = tls_database("CREATE ROLE certified LOGIN").await else {
        return;
    };
    let directory = database.cluster.socket();
    let file = |name: &str| directory.join(name).display().to_string();
    let (chain, key, ca) = (file("client.pem"), file("client.key"), file("ca.pem"));
    let rest = format!("sslmode=verify-full&sslrootcert={ca}&sslcert={chain}&sslkey={key}");
    assert_eq!(
        connect(&database, "certified", "localhost", &rest).await,
        Ok(true)
    );
    let rest = format!("sslmode=verify-full&sslrootcert={ca}");
    assert!(
        connect(&database, "certified", "localhost", &rest)
            .await
            .is_err()
    );
    let open = file("open.key");
    std::fs::copy(&key, &open).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&open, mode).unwrap();
    let rest = format!("sslmode=require&sslcert={chain}&sslkey={open}");
    let refused = connect(&database, "certified", "localhost", &rest)
        .await
        .unwrap_err();
    assert!(refused.contains("others may read it"), "{refused}");
}
