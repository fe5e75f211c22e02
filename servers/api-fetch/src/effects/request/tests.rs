//! Headers, paths and queries that must not leave.

use hyper::header::HeaderName;

use super::super::base::Base;
use super::super::testing::permit;
use super::Template;
use crate::permit::Permit;

fn made(permit: &Permit) -> Option<String> {
    let base = Base::parse("https://api.example.com/v1").unwrap();
    let reserved = HeaderName::from_static("x-api-key");
    let template = Template::new(&base, permit, &[&reserved]).ok()?;
    let request = template.request(&base, None).ok()?;
    Some(request.uri().to_string())
}

fn with_path(path: &str) -> Option<String> {
    made(&Permit {
        path: path.to_owned(),
        ..permit()
    })
}

fn with_header(name: &str, value: &str) -> Option<String> {
    made(&Permit {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..permit()
    })
}

fn with_query(name: &str, value: &str) -> Option<String> {
    made(&Permit {
        query: vec![(name.to_owned(), value.to_owned())],
        ..permit()
    })
}

#[test]
fn a_path_is_joined_to_the_base_as_it_is() {
    assert_eq!(
        with_path("/a/b-c.d_e~f").as_deref(),
        Some("/v1/a/b-c.d_e~f")
    );
    assert_eq!(with_path("/a%20b/").as_deref(), Some("/v1/a%20b/"));
    assert_eq!(with_query("q", "%41").as_deref(), Some("/v1/a?q=%41"));
}

#[test]
fn o3_a_path_that_climbs_or_is_not_encoded_does_not_leave() {
    for path in [
        "",
        "a",
        "//a",
        "//evil.example/a",
        "/../a",
        "/a/..",
        "/a/./b",
        "/.",
        "/%2e%2e/a",
        "/a/%2E.",
        "/.%2e/a",
        "/a b",
        "/a\\b",
        "/a?b",
        "/a#b",
        "/a\r\nx: y",
        "/a\0",
        "/ü",
        "/a%",
        "/a%2",
        "/a%zz",
        "https://evil.example/a",
        "/a\u{7f}",
        "/\"a",
        "/<a>",
        "/a|b",
        "/a`b",
        "/{id}",
        "/a^b",
    ] {
        assert_eq!(with_path(path), None, "{path:?}");
    }
}

#[test]
fn o3_a_query_that_is_not_encoded_does_not_leave() {
    for text in [
        "a b", "a&b", "a=b", "a#b", "a\r\nb", "a+b", "ü", "%", "%4", "%zz", "a?b", "a/b",
    ] {
        assert_eq!(with_query("q", text), None, "{text:?}");
        assert_eq!(with_query(text, "1"), None, "{text:?}");
    }
    assert_eq!(with_query("", "1"), None);
}

#[test]
fn o3_no_endpoint_sets_a_header_that_is_not_its_own() {
    assert!(with_header("x-trace", "a").is_some());
    assert!(with_header("Accept", "text/html").is_some());
    for name in [
        "authorization",
        "Authorization",
        "proxy-authorization",
        "host",
        "cookie",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "upgrade",
        "expect",
        "x-user-context",
        "X-User-Context",
        "x-forwarded-for",
        "x-forwarded-host",
        "forwarded",
        "x-real-ip",
        "x-http-method-override",
        "x-method-override",
        "x-http-method",
        "x-original-url",
        "x-rewrite-url",
        "referer",
        "origin",
        "accept-encoding",
        "x-api-key",
        "X-API-Key",
        "proxy-connection",
        "sec-fetch-site",
        "",
        "a b",
        "a:b",
        "a\r\nb",
        ":path",
        "ü",
    ] {
        assert_eq!(with_header(name, "a"), None, "{name:?}");
    }
    for value in ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\u{7f}"] {
        assert_eq!(with_header("x-trace", value), None, "{value:?}");
    }
}
