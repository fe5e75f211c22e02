use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Target {
    text.parse().unwrap()
}

fn trouble(text: &str) -> Unusable {
    text.parse::<Target>().unwrap_err()
}

#[test]
fn a_url_and_a_list_of_words_say_the_same() {
    let url = read(
        "postgres://ann%40x@db.example:5433/crm?sslmode=verify-full&connect_timeout=3\
         &application_name=a%20b&channel_binding=require",
    );
    let words = read(
        "user=ann@x host = db.example port=5433 dbname='crm' sslmode=verify-full \
         connect_timeout=3 application_name='a b' channel_binding=require",
    );
    assert_eq!(url, words);
    assert_eq!(url.user.as_deref(), Some("ann@x"));
    assert_eq!(url.connect_timeout, Duration::from_secs(3));
    assert_eq!(url.to_string(), "ann@x@db.example:5433 (crm)");
}

#[test]
fn a_password_is_refused_wherever_it_stands_and_never_repeated() {
    for text in [
        "postgres://u:s3cr3t@h/db",
        "postgres://u:s3@cr3t@h/db",
        "postgres://u:@h/db",
        "postgres://u@h/db?password=s3cr3t",
        "postgres://u@h/db?sslmode=require&%70assword=s3cr3t",
        "postgresql://u@h/db?sslpassword=s3cr3t",
        "host=h password=s3cr3t",
        "host=h password = 's3 cr3t'",
    ] {
        assert_eq!(trouble(text), Unusable::Password, "{text}");
        assert!(!trouble(text).to_string().contains("cr3t"));
    }
    for text in [
        "postgres://u:12/3s3cr3t@h/db",
        "postgres://u:s3?cr3t@h/db",
        "postgres://u:s3#cr3t@h/db",
        "mysql://u:s3cr3t@h/db",
        "postgres://u@h/db?s3cr3t",
        "postgres://u@h/db?s3cr3t=1",
        "host=h s3cr3t",
        "s3cr3t",
    ] {
        let trouble = trouble(text);
        assert!(!trouble.to_string().contains("cr3t"), "{text}: {trouble}");
        assert!(!format!("{trouble:?}").contains("cr3t"), "{text}");
    }
}

#[test]
fn a_remote_host_must_prove_its_name_unless_the_operator_says_otherwise() {
    let modes = |text: &str| -> Vec<SslMode> { read(text).hosts.iter().map(|h| h.tls).collect() };
    assert_eq!(modes("postgres://db.example/x"), [SslMode::VerifyFull]);
    assert_eq!(modes("postgres://10.0.0.7/x"), [SslMode::VerifyFull]);
    for near in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"] {
        assert_eq!(modes(&format!("postgres://{near}/x")), [SslMode::Prefer]);
    }
    // A name that only looks near may be anybody's.
    for far in ["localhost.evil.example", "127.0.0.1.evil.example", "127.1x"] {
        assert_eq!(modes(&format!("postgres://{far}/x")), [SslMode::VerifyFull]);
    }
    assert_eq!(
        modes("postgres://localhost,db.example/x"),
        [SslMode::Prefer, SslMode::VerifyFull]
    );
    assert_eq!(modes("postgres://h/x?sslmode=disable"), [SslMode::Disable]);
    assert_eq!(trouble("postgres://h/x?sslmode=allow"), Unusable::Allow);
    assert_eq!(trouble("postgres://h/x?sslmode=no"), Unusable::SslMode);
}

#[test]
fn roots_that_would_let_anybody_sign_are_refused() {
    let verify_ca = "postgres://h/x?sslmode=verify-ca";
    assert_eq!(trouble(verify_ca), Unusable::WeakRoots);
    assert_eq!(
        trouble(&format!("{verify_ca}&sslrootcert=system")),
        Unusable::WeakRoots
    );
    let target = read(&format!("{verify_ca}&sslrootcert=/etc/ca.pem"));
    assert_eq!(target.roots, Roots::File("/etc/ca.pem".into()));
    let target = read("postgres://h/x?sslmode=require&sslrootcert=/etc/ca.pem");
    assert_eq!(target.hosts[0].tls, SslMode::VerifyCa);
}

#[test]
fn sockets_are_found_in_either_place() {
    for text in [
        "postgres://u@%2Frun%2Fpostgresql/db",
        "postgres:///db?host=/run/postgresql&user=u",
        "host=/run/postgresql dbname=db user=u",
    ] {
        let target = read(text);
        let socket = Place::Socket("/run/postgresql".into());
        assert_eq!(target.hosts[0].place, socket, "{text}");
        assert_eq!(target.hosts[0].tls, SslMode::Disable);
        assert_eq!(target.hosts[0].port, 5432);
    }
}

#[test]
fn several_hosts_have_a_port_each_or_one_for_all() {
    let ports = |text: &str| -> Vec<u16> { read(text).hosts.iter().map(|h| h.port).collect() };
    assert_eq!(ports("postgres://a:1,b,[::2]:3/x"), [1, 5432, 3]);
    assert_eq!(ports("host=a,b port=7"), [7, 7]);
    assert_eq!(ports("host=a,b port=7,8"), [7, 8]);
    for text in ["host=a,b,c port=1,2", "host=a port=0", "host=a port=70000"] {
        assert_eq!(trouble(text), Unusable::Port);
    }
    let target = read("postgres://a,b/x?target_session_attrs=read-write");
    assert_eq!(target.attributes, Attributes::Primary);
}

#[test]
fn what_is_not_known_is_refused() {
    for (text, why) in [
        (
            "postgres://h/x?options=-crole%3Dpostgres",
            Unusable::Options,
        ),
        ("host=h options='-c role=postgres'", Unusable::Options),
        ("postgres://h/x?service=prod", Unusable::Parameter),
        ("postgres://h/x?hostaddr=1.2.3.4", Unusable::Parameter),
        ("postgres:///x", Unusable::Host),
        ("dbname=x", Unusable::Host),
        ("postgres://a,,b/x", Unusable::Host),
        ("postgres://h/x?sslcert=/a", Unusable::Certificate),
        ("postgres://h/x?channel_binding=maybe", Unusable::Binding),
        (
            "host=h sslmode=disable channel_binding=require",
            Unusable::BindingInTheClear,
        ),
        ("postgres://h/x?connect_timeout=0", Unusable::Timeout),
        (
            "postgres://h/x?target_session_attrs=prefer-standby",
            Unusable::Attributes,
        ),
        ("postgres://h/a%00b", Unusable::Form),
        ("postgres://h/a%0ab", Unusable::Name),
        ("postgres://h/a%zz", Unusable::Form),
        ("host='h", Unusable::Form),
        ("", Unusable::Host),
    ] {
        assert_eq!(trouble(text), why, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(postgres://)?[a-z0-9@:/?=&%,'\\\\ \\[\\].-]{0,60}") {
        if let Ok(target) = text.parse::<Target>() {
            prop_assert!(!target.hosts.is_empty());
        }
    }

    #[test]
    fn what_stands_behind_the_user_is_never_repeated(secret in "Z[A-Za-z0-9@/?#%]{6,20}") {
        for text in [format!("postgres://u:{secret}@h/db"), format!("host=h password={secret}")] {
            let trouble = text.parse::<Target>().unwrap_err();
            let told = format!("{trouble} {trouble:?}");
            prop_assert!(!told.contains(&secret));
        }
    }
}
