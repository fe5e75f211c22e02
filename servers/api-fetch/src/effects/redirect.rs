//! Reads where an upstream redirects to, and lets through only its own places. Pure.
//!
//! # Invariants
//!
//! - The target has the scheme, host, port and base path of the upstream, in the one spelling that
//!   `Base` accepts, or it is an absolute path. Everything else is refused, not resolved.
//! - The path has no escapes, no empty and no dot segments: what is checked is what is asked for.

use hyper::StatusCode;

use super::base::Base;
use super::request::is_query;
use super::trouble::Trouble;

/// Where to ask next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// Below the base.
    pub(super) path: String,
    /// As the upstream wrote it.
    pub(super) query: Option<String>,
}

/// Whether `status` asks to go elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Reads a `Location`.
pub(super) fn target(base: &Base, location: &[u8]) -> Result<Target, Trouble> {
    let text = std::str::from_utf8(location).map_err(|_| FORM)?;
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let (place, query) = match text.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (text, None),
    };
    let path = match place.split_once("://") {
        None => place,
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end).ok_or(FORM)?;
            let origin = Base::parse(&format!("{scheme}://{authority}"));
            let origin = origin.map_err(|_| ELSEWHERE)?;
            if origin.origin() != base.origin() {
                return Err(ELSEWHERE);
            }
            path
        }
    };
    let below = path.strip_prefix(base.path()).ok_or(ELSEWHERE)?;
    let segments = below.strip_prefix('/').ok_or(ELSEWHERE)?;
    // one slash at the end is a path of its own
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let fine = (segments.is_empty() && below == "/") || segments.split('/').all(is_segment);
    if !fine || !query.is_none_or(is_query) {
        return Err(FORM);
    }
    Ok(Target {
        path: below.to_owned(),
        query: query.map(str::to_owned),
    })
}

fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte))
}

const ELSEWHERE: Trouble = Trouble::Redirect("it leads away from the upstream");
const FORM: Trouble = Trouble::Redirect("its target is not plainly written");

#[cfg(test)]
mod tests {
    use super::*;

    fn read(location: &str) -> Option<(String, Option<String>)> {
        let base = Base::parse("https://api.example.com/v1").unwrap();
        let target = target(&base, location.as_bytes()).ok()?;
        Some((target.path, target.query))
    }

    #[test]
    fn its_own_places_are_found() {
        let place = |path: &str| Some((path.to_owned(), None));
        assert_eq!(read("/v1/customers/7"), place("/customers/7"));
        assert_eq!(read("https://api.example.com/v1/a"), place("/a"));
        assert_eq!(read("https://api.example.com:443/v1/a/#x"), place("/a/"));
        let with_query = Some(("/a".to_owned(), Some("b=%41&c".to_owned())));
        assert_eq!(read("/v1/a?b=%41&c"), with_query);
        assert_eq!(read("/v1/"), place("/"));
    }

    #[test]
    fn all_other_places_and_spellings_are_refused() {
        for location in [
            "",
            "a",
            "../a",
            "?a",
            "#a",
            "//evil.example/v1/a",
            "///v1/a",
            "/v2/a",
            "/v1",
            "/v1x/a",
            "/v1/../admin",
            "/v1/./a",
            "/v1/a/..",
            "/v1//a",
            "/v1/a//",
            "/v1/%2e%2e/admin",
            "/v1/a%2fb",
            "/v1/a\\b",
            "\\\\evil.example/v1/a",
            "/v1/a b",
            "/v1/a;b",
            "/v1/ü",
            "http://api.example.com/v1/a",
            "HTTPS://api.example.com/v1/a",
            "https://API.example.com/v1/a",
            "https://api.example.com./v1/a",
            "https://api.example.com:8443/v1/a",
            "https://evil.example/v1/a",
            "https://api.example.com.evil.example/v1/a",
            "https://api.example.com@evil.example/v1/a",
            "https://user@api.example.com/v1/a",
            "https://api.example.com\\@evil.example/v1/a",
            "https:/v1/a",
            "https:api.example.com/v1/a",
            "https://127.0.0.1/v1/a",
            "https://169.254.169.254/v1/a",
            "file:///v1/a",
            "data:,a",
            "javascript:1",
            "gopher://api.example.com/v1/a",
            "https://api.example.com",
            "/v1/a?b c",
            "/v1/a?\u{1}",
        ] {
            assert_eq!(read(location), None, "{location}");
        }
    }
}
