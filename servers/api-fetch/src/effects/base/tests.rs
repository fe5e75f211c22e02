//! Hosts and paths in odd spellings, and a second opinion by the crate `url`.

use proptest::prelude::*;
use url::Url;

use super::Base;
use super::Host;

#[test]
fn the_usual_spellings_are_read() {
    for (text, origin, port, path) in [
        (
            "https://api.example.com",
            "https://api.example.com",
            443,
            "",
        ),
        (
            "https://api.example.com/",
            "https://api.example.com",
            443,
            "",
        ),
        (
            "https://api.example.com:443/v1/",
            "https://api.example.com",
            443,
            "/v1",
        ),
        (
            "https://api.example.com:8443/v1/x",
            "https://api.example.com:8443",
            8443,
            "/v1/x",
        ),
        ("http://127.0.0.1:80", "http://127.0.0.1", 80, ""),
        ("http://127.0.0.1:443", "http://127.0.0.1:443", 443, ""),
        (
            "https://[2001:db8::1]:8443/a",
            "https://[2001:db8::1]:8443",
            8443,
            "/a",
        ),
        (
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example",
            443,
            "",
        ),
        ("http://localhost:3000", "http://localhost:3000", 3000, ""),
    ] {
        let base = Base::parse(text).unwrap();
        assert_eq!(base.origin(), origin);
        assert_eq!((base.port(), base.path()), (port, path));
        assert_eq!(base.to_string().parse::<Base>(), Ok(base));
    }
}

#[test]
fn o3_every_odd_spelling_of_a_host_is_refused() {
    for host in [
        // decimal, octal, hexadecimal, short, mixed
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0X7F000001",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.0.0.0x1",
        "127.0.0.01",
        "127.0.0.1.",
        "0",
        "0.0",
        "00.0.0.0",
        "256.256.256.256",
        "1.2.3.4.5",
        "4294967296",
        "127.0.0.1.0x",
        "1.2.3",
        "a.0x1",
        "a.1",
        // full-width, ideographic dots, circled digits, soft hyphen, other scripts
        "１２７.0.0.1",
        "127。0。0。1",
        "127．0．0．1",
        "①②⑦.0.0.1",
        "local\u{ad}host",
        "ⓛocalhost",
        "аpi.example.com",
        "bücher.example",
        "lo\u{200b}calhost",
        // dots, brackets, zones
        "localhost.",
        "api.example.com.",
        ".example.com",
        "api..example.com",
        ".",
        "..",
        "[127.0.0.1]",
        "[::ffff:127.0.0.1",
        "::1",
        "[::1%lo]",
        "[::1%25lo]",
        "[fe80::1%25eth0]",
        "[0:0:0:0:0:0:0:1]",
        "[::0001]",
        "[::7F00:1]",
        "[::ffff:7f00:1]",
        "[::1]a",
        "[]",
        "[::1]]",
        "[2001:DB8::1]",
        "[2001:db8:0:0:0:0:0:1]",
        "[v1.a]",
        // user information, escapes, separators
        "user@api.example.com",
        "user:pass@api.example.com",
        "@api.example.com",
        "api.example.com@",
        "api.example.com%2eevil.example",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "loc%61lhost",
        "api.example.com\\evil.example",
        "api.example.com\\@evil.example",
        "a b",
        "a\tb",
        "a\nb",
        "a\u{0}b",
        " a",
        "a ",
        "a,b",
        "a;b",
        "a_b",
        "a*b",
        "a'b",
        "API.example.com",
        "-a.example",
        "a-.example",
        "a.-b",
        "",
        "ex\u{301}ample.com",
        // ports
        "a:",
        "a:0",
        "a:65536",
        "a:080",
        "a:+80",
        "a:-1",
        "a:8 0",
        "a:80:80",
        "[::1]:",
        "a:８０",
    ] {
        for text in [format!("https://{host}"), format!("http://{host}/v1")] {
            assert!(Base::parse(&text).is_err(), "{text}");
        }
    }
    let label = "a".repeat(64);
    assert!(Base::parse(&format!("https://{label}.example")).is_err());
    let name = "a.".repeat(127);
    assert!(Base::parse(&format!("https://{name}example")).is_err());
}

#[test]
fn o3_every_odd_form_of_an_address_is_refused() {
    for text in [
        "",
        "api.example.com",
        "//api.example.com",
        "https:api.example.com",
        "https:/api.example.com",
        "https:///api.example.com",
        "HTTPS://api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "gopher://a",
        "unix:/run/docker.sock",
        "javascript://a",
        " https://a",
        "https ://a",
        "https\\://a",
        "https://a?b",
        "https://a#b",
        "https://a/?b",
        "https://a/v1?b",
        "https://a/v1#b",
        "https://a//",
        "https://a//v1",
        "https://a/v1//",
        "https://a/./v1",
        "https://a/../v1",
        "https://a/v1/..",
        "https://a/%2e%2e/v1",
        "https://a/v%31",
        "https://a/v1;x",
        "https://a/v 1",
        "https://a/v1\\x",
        "https://a/ü",
        "https://a\\b",
        "https://a/v1\r\nx: y",
        "https://a,b/",
        "https://a;b/",
        "https://a&b/",
    ] {
        assert!(Base::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_error_repeats_nothing_of_the_text() {
    let error = Base::parse("https://ada:hunter2@api.example.com").unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn o3_what_is_read_is_what_another_parser_reads(
        text in r"https?://[\[\]a-z0-9.:%@x\\/?#_-]{0,24}(/[a-z.%/]{0,8})?",
    ) {
        if let Ok(base) = Base::parse(&text) {
            let other = Url::parse(&text).unwrap();
            prop_assert_eq!(other.scheme(), base.scheme());
            prop_assert_eq!(other.host_str().unwrap(), base.host().to_string());
            prop_assert_eq!(other.port_or_known_default(), Some(base.port()));
            prop_assert_eq!(other.path().trim_end_matches('/'), base.path());
            prop_assert!(other.username().is_empty() && other.password().is_none());
            prop_assert!(other.query().is_none() && other.fragment().is_none());
        }
    }

    #[test]
    fn o3_a_name_is_never_what_another_parser_takes_for_an_address(
        host in r"(0[xX]?)?[0-9a-fA-F]{1,9}(\.(0[xX]?)?[0-9a-f]{0,4}){0,4}\.?",
    ) {
        let text = format!("https://{host}");
        if let Ok(base) = Base::parse(&text) {
            let other = Url::parse(&text).unwrap();
            let is_address = matches!(other.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)));
            prop_assert_eq!(matches!(base.host(), Host::Address(_)), is_address);
            prop_assert_eq!(other.host_str().unwrap(), base.host().to_string());
        }
    }
}
