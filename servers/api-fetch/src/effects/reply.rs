//! Makes what the tools see of an answer.

use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderValue;

use super::again;
use super::exchange::Answer;
use crate::permit::Reply;

/// What is left of `answer`.
pub(super) fn of(answer: Answer, now: chrono::DateTime<chrono::Utc>) -> Reply {
    let later = again::is_for_later(answer.status);
    Reply {
        status: answer.status.as_u16(),
        media_type: media_type(&answer.headers),
        retry_after: later
            .then(|| again::asked_to_wait(&answer.headers, now))
            .flatten(),
        link_next: link_next(&answer.headers),
        body: answer.body,
    }
}

/// Empty if there is none, or none of the form.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let text = text.split(';').next().unwrap_or_default().trim();
    let fine = text.len() <= LONGEST_TYPE
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/.+-_".contains(&byte));
    match fine {
        true => text.to_ascii_lowercase(),
        false => String::new(),
    }
}

/// The target of the first link that is the next page (RFC 8288).
fn link_next(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).iter();
    let texts = values.filter_map(|value: &HeaderValue| value.to_str().ok());
    texts.filter_map(next_in).next()
}

fn next_in(text: &str) -> Option<String> {
    let mut rest = text;
    // INVARIANT: each turn takes a `<` off, so this ends.
    while let Some((_, link)) = rest.split_once('<') {
        let (target, after) = link.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, next) = after.split_at_checked(end)?;
        if target.len() <= LONGEST_LINK && parameters.split([';', ',']).any(is_next) {
            return Some(target.to_owned());
        }
        rest = next;
    }
    None
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && value
            .split_ascii_whitespace()
            .any(|relation| relation.eq_ignore_ascii_case("next"))
}

const LONGEST_TYPE: usize = 100;
const LONGEST_LINK: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_media_type_comes_without_parameters_or_not_at_all() {
        let read = |value| media_type(&headers(header::CONTENT_TYPE, value));
        assert_eq!(read("Application/JSON; charset=utf-8"), "application/json");
        assert_eq!(read("text/html"), "text/html");
        assert_eq!(read("text/<script>"), "");
        assert_eq!(media_type(&HeaderMap::new()), "");
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let read = |value| link_next(&headers(header::LINK, value));
        let both =
            r#"<https://a.example/?p=1>; rel="prev", </b?p=3,4>; title="x"; rel="last next""#;
        assert_eq!(read(both).as_deref(), Some("/b?p=3,4"));
        assert_eq!(read("</a>; REL=next").as_deref(), Some("/a"));
        for none in ["</a>; rel=prev", "</a; rel=next", "<<<<", "rel=next", ""] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
