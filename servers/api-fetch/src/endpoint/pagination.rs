//! How a list goes on: where an answer says so, and what the next request says then.
//!
//! # Invariants
//!
//! - What an upstream says of the next page becomes parameters of the query of the same endpoint,
//!   at the same path, and nothing else.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::config::PaginationConfig;
use crate::parameters::decoded;
use crate::parameters::encoded;
use crate::permit::Reply;
use crate::select::Path;

/// How one endpoint's list goes on.
#[derive(Clone, Debug)]
pub enum Pagination {
    /// A field holds the address of the next page.
    Link(Path),
    /// The header `Link` does.
    Header,
    /// A field holds a cursor for a parameter; another may say that there is no more.
    Cursor {
        /// The field.
        cursor: Path,
        /// The field that says whether there is more.
        more: Option<Path>,
        /// The parameter.
        parameter: String,
    },
    /// A parameter holds the number of the page.
    Page {
        /// The parameter.
        parameter: String,
        /// The number of the first.
        first: u64,
        /// The list; the whole body without it.
        items: Option<Path>,
    },
    /// A parameter holds how many items to pass over.
    Offset {
        /// The parameter.
        parameter: String,
        /// The list; the whole body without it.
        items: Option<Path>,
    },
}

/// Where a list goes on: what is sealed into the cursor that the model gets.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Onward {
    /// With these parameters of the query.
    Query(Vec<(String, String)>),
    /// With this cursor.
    Cursor(String),
    /// With this page, or after so many items.
    Number(u64),
}

impl Pagination {
    /// The one way that `config` says, or what is wrong with it.
    pub(crate) fn declare(config: &PaginationConfig) -> Result<Self, &'static str> {
        let path = |text: &str| Path::parse(text).map_err(|_| FORM);
        let items = config.items.as_deref().map(path).transpose()?;
        let PaginationConfig {
            next,
            cursor,
            parameter,
            more,
            page,
            first,
            offset,
            link_header,
            ..
        } = config;
        let beside_cursor = parameter.is_some() || more.is_some();
        match (next, cursor, page, offset, link_header) {
            (Some(next), None, None, None, false)
                if !beside_cursor && first.is_none() && items.is_none() =>
            {
                Ok(Self::Link(path(next)?))
            }
            (None, None, None, None, true)
                if !beside_cursor && first.is_none() && items.is_none() =>
            {
                Ok(Self::Header)
            }
            (None, Some(cursor), None, None, false) if first.is_none() && items.is_none() => {
                let parameter = parameter.as_deref().filter(|name| is_parameter(name));
                Ok(Self::Cursor {
                    cursor: path(cursor)?,
                    more: more.as_deref().map(path).transpose()?,
                    parameter: parameter.ok_or(FORM)?.to_owned(),
                })
            }
            (None, None, Some(page), None, false) if !beside_cursor && is_parameter(page) => {
                Ok(Self::Page {
                    parameter: page.clone(),
                    first: u64::from(first.unwrap_or(1)),
                    items,
                })
            }
            (None, None, None, Some(offset), false)
                if !beside_cursor && first.is_none() && is_parameter(offset) =>
            {
                Ok(Self::Offset {
                    parameter: offset.clone(),
                    items,
                })
            }
            _ => Err(FORM),
        }
    }

    /// The parameter of the query that it fills, where it is one.
    pub(crate) fn fills(&self) -> Option<&str> {
        match self {
            Self::Link(_) | Self::Header => None,
            Self::Cursor { parameter, .. }
            | Self::Page { parameter, .. }
            | Self::Offset { parameter, .. } => Some(parameter),
        }
    }

    /// Where the list goes on after `reply`, whose body is `body`, that was asked for at `from`.
    /// `path` is the path that was asked, below the base at `base`.
    pub(crate) fn next(
        &self,
        reply: &Reply,
        body: &Value,
        from: Option<&Onward>,
        base: (&str, &str),
        path: &str,
    ) -> Option<Onward> {
        let number = match from {
            Some(Onward::Number(number)) => Some(*number),
            _ => None,
        };
        let onward = match self {
            Self::Link(field) => link(field.find(body)?.as_str()?, base, path)?,
            Self::Header => link(reply.link_next.as_deref()?, base, path)?,
            Self::Cursor { cursor, more, .. } => {
                let more = more.as_ref().map(|more| more.find(body));
                if more.is_some_and(|more| more != Some(&Value::Bool(true))) {
                    return None;
                }
                match cursor.find(body)? {
                    Value::String(text) if !text.is_empty() => Onward::Cursor(text.clone()),
                    Value::Number(number) => Onward::Cursor(number.to_string()),
                    Value::Null
                    | Value::Bool(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => return None,
                }
            }
            Self::Page { first, items, .. } => {
                let count = count(items.as_ref(), body)?;
                Onward::Number(
                    (count > 0)
                        .then(|| number.unwrap_or(*first))?
                        .checked_add(1)?,
                )
            }
            Self::Offset { items, .. } => {
                let count = count(items.as_ref(), body)?;
                Onward::Number(
                    (count > 0)
                        .then(|| number.unwrap_or(0))?
                        .checked_add(count)?,
                )
            }
        };
        // asking for the same again would never end
        (onward.is_sound() && from != Some(&onward)).then_some(onward)
    }

    /// The parameters of the query that lead to `onward`, encoded.
    pub(crate) fn query(&self, onward: &Onward) -> Vec<(String, String)> {
        let one = |value: &str| {
            let fills = self.fills().map(|name| (encoded(name), encoded(value)));
            fills.into_iter().collect()
        };
        match onward {
            Onward::Query(pairs) => pairs
                .iter()
                .map(|(name, value)| (encoded(name), encoded(value)))
                .collect(),
            Onward::Cursor(text) => one(text),
            Onward::Number(number) => one(&number.to_string()),
        }
    }
}

impl Onward {
    /// Whether it is small, and text that may be sent.
    fn is_sound(&self) -> bool {
        let plain = |text: &String| !text.chars().any(char::is_control);
        match self {
            Self::Query(pairs) => {
                let size: usize = pairs
                    .iter()
                    .map(|(name, value)| name.len() + value.len())
                    .sum();
                pairs.len() <= 32
                    && size <= LONGEST
                    && pairs
                        .iter()
                        .all(|(name, value)| plain(name) && plain(value))
            }
            Self::Cursor(text) => text.len() <= LONGEST && plain(text),
            Self::Number(_) => true,
        }
    }
}

/// The query of `address`, if that is the same place as `path` below `base` (its origin and path).
fn link(address: &str, base: (&str, &str), path: &str) -> Option<Onward> {
    let (origin, root) = base;
    let local = match address.strip_prefix(origin) {
        Some(local) if local.starts_with(['/', '?']) => local,
        Some(_) => return None,
        None => address,
    };
    let local = local.split_once('#').map_or(local, |(local, _)| local);
    let (place, query) = local.split_once('?')?;
    let here = place.is_empty() || place == path || place.strip_prefix(root) == Some(path);
    if !here {
        return None;
    }
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let form = |text: &str| decoded(&text.replace('+', " "));
        Some((form(name)?, form(value)?))
    };
    let pairs = query.split('&').filter(|text| !text.is_empty());
    Some(Onward::Query(pairs.map(pair).collect::<Option<_>>()?))
}

fn count(items: Option<&Path>, body: &Value) -> Option<u64> {
    let list = match items {
        Some(path) => path.find(body)?,
        None => body,
    };
    list.as_array().map(|list| list.len() as u64)
}

fn is_parameter(name: &str) -> bool {
    (1..=128).contains(&name.len()) && !name.chars().any(char::is_control)
}

const FORM: &str = "expected one of { next = FIELD }, { cursor = FIELD, parameter = NAME }, \
                    { page = NAME }, { offset = NAME } or { link-header = true }";
/// Bytes of what leads to the next page.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BASE: (&str, &str) = ("https://api.example.com", "/v1");

    fn next(link: &str) -> Option<Onward> {
        let pagination = Pagination::Link(Path::parse("next").unwrap());
        let body = json!({"next": link});
        pagination.next(&Reply::default(), &body, None, BASE, "/customers")
    }

    #[test]
    fn a_link_to_the_same_place_gives_its_query() {
        let pairs = Onward::Query(vec![("after".to_owned(), "a b&c".to_owned())]);
        for link in [
            "https://api.example.com/v1/customers?after=a+b%26c",
            "/v1/customers?after=a%20b%26c",
            "?after=a+b%26c#top",
        ] {
            assert_eq!(next(link), Some(pairs.clone()), "{link}");
        }
    }

    #[test]
    fn o3_a_link_to_anywhere_else_leads_nowhere() {
        for link in [
            "https://evil.example/v1/customers?after=1",
            "https://api.example.com.evil.example/v1/customers?after=1",
            "https://api.example.com@evil.example/v1/customers?after=1",
            "https://api.example.com:444/v1/customers?after=1",
            "http://api.example.com/v1/customers?after=1",
            "//evil.example/v1/customers?after=1",
            "/v1/admin?after=1",
            "/v1/customers/../admin?after=1",
            "/v1/customers%2f..?after=1",
            "javascript:?after=1",
            "?after=%0d%0aHost:evil",
            "?after=%ff",
            "?after=%zz",
            "/v1/customers",
            "",
            &format!("?after={}", "x".repeat(2000)),
        ] {
            assert_eq!(next(link), None, "{link}");
        }
    }

    #[test]
    fn pages_end_when_there_is_nothing_more_or_the_same_again() {
        let reply = Reply::default();
        let page = Pagination::Page {
            parameter: "page".to_owned(),
            first: 1,
            items: None,
        };
        let next = |body: Value, from: Option<&Onward>| page.next(&reply, &body, from, BASE, "/");
        assert_eq!(next(json!([1]), None), Some(Onward::Number(2)));
        assert_eq!(
            next(json!([1]), Some(&Onward::Number(2))),
            Some(Onward::Number(3))
        );
        assert_eq!(next(json!([]), Some(&Onward::Number(3))), None);
        assert_eq!(next(json!({}), None), None);
        let cursor = Pagination::Cursor {
            cursor: Path::parse("meta.after").unwrap(),
            more: Some(Path::parse("more").unwrap()),
            parameter: "after".to_owned(),
        };
        let next = |body: Value, from: Option<&Onward>| cursor.next(&reply, &body, from, BASE, "/");
        let first = next(json!({"more": true, "meta": {"after": "x"}}), None);
        assert_eq!(first, Some(Onward::Cursor("x".to_owned())));
        assert_eq!(
            next(
                json!({"more": true, "meta": {"after": "x"}}),
                first.as_ref()
            ),
            None
        );
        assert_eq!(
            next(json!({"more": false, "meta": {"after": "y"}}), None),
            None
        );
        assert_eq!(next(json!({"meta": {"after": "y"}}), None), None);
    }
}
