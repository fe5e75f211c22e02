//! What the API answers.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::data::customers;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    /// A header beside the usual ones.
    pub(crate) header: Option<(&'static str, String)>,
}

/// The answer to `request`, if it shows `key`.
pub(crate) fn answer(request: &Request, key: &str) -> Answer {
    let shown = request.header("authorization");
    if shown.is_none_or(|shown| shown != format!("Bearer {key}")) {
        return json(
            401,
            json!({"title": "unauthorized", "detail": "show your key"}),
        );
    }
    let target = request.target.as_str();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/v1").unwrap_or_default();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["customers"]) => list(query),
        ("GET", ["customers", id]) => match customer(id) {
            Some(found) => json(200, found),
            None => json(
                404,
                json!({"title": "not found", "detail": "no such customer"}),
            ),
        },
        ("POST", ["customers", id, "notes"]) => note(id, request),
        ("GET", ["busy"]) => Answer {
            status: 429,
            body: Some(json!({"title": "too many requests"})),
            header: Some(("retry-after", "3".to_owned())),
        },
        // so has every API one that sends on to wherever it is told
        ("GET", ["links"]) => Answer {
            status: 302,
            body: None,
            header: Some(("location", parameter(query, "to"))),
        },
        // every API has such a page somewhere
        ("GET", ["debug", "headers"]) => {
            let headers = request.headers.iter();
            let headers = headers.map(|(name, value)| (name.clone(), value.clone().into()));
            json(200, Value::Object(headers.collect::<Map<String, Value>>()))
        }
        _ => json(404, json!({"title": "not found"})),
    }
}

/// Two customers a page, and a link to the next.
fn list(query: &str) -> Answer {
    let after = parameter(query, "after");
    let all = customers();
    let before = all
        .iter()
        .take_while(|one| text(one, "id") <= after.as_str());
    let skip = before.count();
    let page: Vec<Value> = all.iter().skip(skip).take(2).cloned().collect();
    let more = skip + page.len() < all.len();
    let last = page.last().map(|last| text(last, "id")).unwrap_or_default();
    let next = more.then(|| format!("/v1/customers?after={last}"));
    json(200, json!({"data": page, "links": {"next": next}}))
}

fn note(id: &str, request: &Request) -> Answer {
    let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (customer(id), text(&given, "text")) {
        (None, _) => json(404, json!({"title": "not found"})),
        (Some(_), "") => json(422, json!({"title": "no text", "code": "empty"})),
        (Some(_), text) => {
            let by = request.header("x-user-context").unwrap_or_default();
            json(201, json!({"customer": id, "text": text, "by": by}))
        }
    }
}

impl Request {
    /// What is told of it: `key`, and nothing like it, is shown as `***`.
    pub(crate) fn told(&self, key: &str) -> Value {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.replace(key, "***").into()));
        json!({
            "line": format!("{} {}", self.method, self.target),
            "headers": headers.collect::<Map<String, Value>>(),
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(own, value)| (own == name).then_some(value.as_str()))
    }
}

fn customer(id: &str) -> Option<Value> {
    customers().into_iter().find(|one| text(one, "id") == id)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A parameter of the query, decoded; empty if it is not there.
fn parameter(query: &str, name: &str) -> String {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find_map(|(own, value)| (own == name).then_some(value));
    let mut parts = value.unwrap_or_default().split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or_default();
        bytes.extend(u8::from_str_radix(digits, 16));
        bytes.extend(rest.as_bytes());
    }
    // it may become a header
    bytes.retain(|byte| !byte.is_ascii_control());
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn json(status: u16, body: Value) -> Answer {
    Answer {
        status,
        body: Some(body),
        header: None,
    }
}
