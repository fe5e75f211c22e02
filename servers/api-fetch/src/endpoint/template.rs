//! A path with named places in it, read once and filled for each call.
//!
//! # Invariants
//!
//! - A path that is built has the segments of its template: the same count, the same literals, none
//!   empty (but a last one that the template has), none `.` or `..`.
//! - What is filled in is encoded by whoever fills it; here it is checked once more that it is.

/// `/customers/{id}/orders`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    segments: Vec<Segment>,
    text: String,
}

/// What stands between two slashes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Segment {
    before: String,
    parameter: Option<String>,
    after: String,
}

/// Why a text is no template. Static: nothing of the text is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NotATemplate(&'static str);

impl NotATemplate {
    /// What is wrong.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

impl Template {
    /// Reads `/SEGMENT/{NAME}/...`. A segment holds at most one place, which may stand between
    /// literals, as in `{id}:activate`.
    ///
    /// # Errors
    ///
    /// [`NotATemplate`] for what is not a plain path.
    pub fn parse(text: &str) -> Result<Self, NotATemplate> {
        let rest = text.strip_prefix('/').ok_or(NotATemplate(FORM))?;
        if text.len() > LONGEST {
            return Err(NotATemplate("expected a path of at most 1000 bytes"));
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let last = parts.len().saturating_sub(1);
        let mut segments = Vec::with_capacity(parts.len());
        for (at, part) in parts.into_iter().enumerate() {
            let segment = Segment::parse(part)?;
            let empty = segment == Segment::default();
            if empty && at != last {
                return Err(NotATemplate("expected no empty segment in the path"));
            }
            segments.push(segment);
        }
        let template = Self {
            segments,
            text: text.to_owned(),
        };
        let mut names: Vec<&str> = template.names().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        if names.len() != count {
            return Err(NotATemplate("expected each name once in the path"));
        }
        Ok(template)
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its places, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|s| s.parameter.as_deref())
    }

    /// The path with each place filled; `fill` gives what is already encoded. None if a place
    /// stays empty or a segment would not be a plain one.
    pub fn build<'a>(&self, fill: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let mut path = String::with_capacity(self.text.len() + 32);
        for segment in &self.segments {
            path.push('/');
            let start = path.len();
            path.push_str(&segment.before);
            if let Some(name) = &segment.parameter {
                let value = fill(name)?;
                if value.is_empty() || !value.bytes().all(is_encoded) {
                    return None;
                }
                path.push_str(value);
            }
            path.push_str(&segment.after);
            if matches!(path.get(start..), Some("." | "..")) {
                return None;
            }
        }
        Some(path)
    }

    /// Whether `path` is one that this template could build, if `fits` says of each place that
    /// the encoded text there does.
    pub fn matches(&self, path: &str, fits: impl Fn(&str, &str) -> bool) -> bool {
        let Some(rest) = path.strip_prefix('/') else {
            return false;
        };
        let mut parts = rest.split('/');
        let all = self.segments.iter().all(|segment| {
            parts.next().is_some_and(|part| {
                let middle = part
                    .strip_prefix(segment.before.as_str())
                    .and_then(|part| part.strip_suffix(segment.after.as_str()));
                match (&segment.parameter, middle) {
                    (Some(name), Some(value)) => !value.is_empty() && fits(name, value),
                    (None, Some(value)) => value.is_empty(),
                    (_, None) => false,
                }
            })
        });
        all && parts.next().is_none()
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, NotATemplate> {
        let segment = match text.split_once('{') {
            None => Self {
                before: text.to_owned(),
                ..Self::default()
            },
            Some((before, rest)) => {
                let (name, after) = rest.split_once('}').ok_or(NotATemplate(PLACE))?;
                if !is_name(name) {
                    return Err(NotATemplate(PLACE));
                }
                Self {
                    before: before.to_owned(),
                    parameter: Some(name.to_owned()),
                    after: after.to_owned(),
                }
            }
        };
        let literal = |text: &str| text.bytes().all(is_literal);
        if !literal(&segment.before) || !literal(&segment.after) {
            return Err(NotATemplate(FORM));
        }
        if segment.parameter.is_none() && matches!(segment.before.as_str(), "." | "..") {
            return Err(NotATemplate("expected no `.` or `..` as a segment"));
        }
        Ok(segment)
    }
}

/// The name of a parameter: of a letter, then letters, digits, `_`, `-`, `.`.
pub(crate) fn is_name(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len())
        && text.bytes().all(fine)
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// What an operator may write into a path as it is: no escapes, which two readers may read twice.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)
}

const FORM: &str = "expected a path such as /customers/{id}, without query, escapes or spaces";
const PLACE: &str = "expected at most one {name} in each segment of the path";
const LONGEST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_plain_path_with_names_in_it() {
        for good in [
            "/",
            "/a",
            "/a/",
            "/a/{id}",
            "/a/{id}.json",
            "/v1/{id}:activate",
            "/a/v{n}",
        ] {
            assert_eq!(Template::parse(good).unwrap().text(), good);
        }
        for bad in [
            "",
            "a",
            "//",
            "/a//b",
            "/a/../b",
            "/./a",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\\b",
            "/%2e%2e/a",
            "/{a}{b}",
            "/{a}/{a}",
            "/{",
            "/}",
            "/{}",
            "/{a b}",
            "/é",
            "/a\n",
            "https://a/b",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn o3_what_is_filled_in_adds_no_segment_and_no_dots() {
        let template = Template::parse("/a/{id}").unwrap();
        assert_eq!(template.build(|_| Some("7%2F8")).unwrap(), "/a/7%2F8");
        for bad in [
            "", ".", "..", "a/b", "a?b", "a#b", "a\\b", "a b", "a\r\nb", "é",
        ] {
            assert_eq!(template.build(|_| Some(bad)), None, "{bad:?}");
        }
        let dotted = Template::parse("/a/.{id}").unwrap();
        assert_eq!(dotted.build(|_| Some(".")), None);
        assert_eq!(dotted.build(|_| Some("x")).unwrap(), "/a/.x");
    }

    #[test]
    fn a_path_matches_the_template_that_could_build_it() {
        let template = Template::parse("/a/{id}.json").unwrap();
        let digits = |_: &str, value: &str| value.bytes().all(|b| b.is_ascii_digit());
        assert!(template.matches("/a/7.json", digits));
        for other in [
            "/a/x.json",
            "/a/7",
            "/a/7.json/",
            "/a/.json",
            "/b/7.json",
            "a/7.json",
            "/a",
        ] {
            assert!(!template.matches(other, digits), "{other}");
        }
    }
}
