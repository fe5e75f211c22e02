//! What a body is: JSON within its limits, text, or something that is not shown.

use serde_json::Map;
use serde_json::Value;

use guard::error::Denial;

use crate::permit::Reply;
use crate::select::measure;

/// A body, read.
#[derive(Debug)]
pub(super) enum Body {
    /// There is none.
    Nothing,
    /// JSON.
    Json(Value),
    /// Text.
    Text(String),
    /// Anything else, and why it is not shown.
    Other(&'static str),
}

impl Body {
    pub(super) fn read(reply: &Reply, depth: usize) -> Result<Self, Denial> {
        if reply.body.is_empty() {
            return Ok(Self::Nothing);
        }
        let kind = reply.media_type.as_str();
        let json = kind == "application/json" || kind.ends_with("+json");
        // many servers send JSON under no name, or as text
        let perhaps = json || kind.is_empty() || kind == "text/plain" || kind == "text/json";
        if perhaps && looks_like_json(&reply.body) {
            let measure = measure(&reply.body);
            if measure.depth > depth {
                return Err(Denial::TooLarge("the nesting of the upstream's answer"));
            }
            if measure.weight > WEIGHT {
                return Err(Denial::TooLarge("the parts of the upstream's answer"));
            }
            if let Ok(value) = serde_json::from_slice(&reply.body) {
                return Ok(Self::Json(value));
            }
        }
        let text = perhaps
            || kind.starts_with("text/")
            || matches!(
                kind,
                "application/xml" | "application/yaml" | "application/javascript"
            )
            || kind.ends_with("+xml");
        match std::str::from_utf8(&reply.body) {
            #[cfg(feature = "html")]
            Ok(body) if is_page(kind) => Ok(Self::page(body)),
            Ok(body) if text && !body.contains('\0') => Ok(Self::Text(body.to_owned())),
            Ok(_) | Err(_) => Ok(Self::Other("neither JSON nor text")),
        }
    }

    #[cfg(feature = "html")]
    fn page(body: &str) -> Self {
        match super::html::markdown(body) {
            Ok(text) => Self::Text(text),
            Err(super::html::Unreadable) => {
                Self::Other("HTML that is too large or nests too deep to be read")
            }
        }
    }
}

#[cfg(feature = "html")]
fn is_page(kind: &str) -> bool {
    matches!(kind, "text/html" | "application/xhtml+xml")
}

/// What an error says about itself, by the names that are usual for it, and no data beside.
pub(super) fn problem(body: &Value) -> Value {
    let mut kept = scalars(body, &PROBLEM);
    let inner = body.get("error").map(|error| scalars(error, &PROBLEM));
    if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
        kept.insert("error".to_owned(), Value::Object(inner));
    }
    if kept.is_empty() {
        return Value::Null;
    }
    Value::Object(kept)
}

fn scalars(value: &Value, names: &[&str]) -> Map<String, Value> {
    let one = |name: &&str| {
        let value = value.get(*name)?;
        let scalar = !value.is_object() && !value.is_array() && !value.is_null();
        scalar.then(|| ((*name).to_owned(), value.clone()))
    };
    names.iter().filter_map(one).collect()
}

/// A media type as it may be shown.
pub(super) fn plain_type(kind: &str) -> &str {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"/+-._".contains(&b);
    if (1..=80).contains(&kind.len()) && kind.bytes().all(fine) {
        kind
    } else {
        "an unknown type"
    }
}

fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    first.is_some_and(|b| {
        matches!(
            b,
            b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9'
        )
    })
}

/// RFC 9457, OAuth, and what most APIs call it.
const PROBLEM: [&str; 9] = [
    "code",
    "detail",
    "error",
    "error_description",
    "message",
    "reason",
    "status",
    "title",
    "type",
];
/// Bytes that one parsed body may take.
const WEIGHT: usize = 16 << 20;
