//! Makes the request that a permit describes, and checks once more that it is that one.
//!
//! # Invariants
//!
//! - An endpoint cannot set a header that says where a request goes, who asks, how long it is, or
//!   that it means another method.
//! - The path that leaves is the base's and the permit's, as the library reads it back.

use hyper::HeaderMap;
use hyper::Method;
use hyper::Request;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

use super::base::Base;
use super::link::Outgoing;
use super::payload::Payload;
use super::proof::Proof;
use super::proof::Put;
use super::redirect::Target;
use super::trouble::Trouble;
use super::wiped::Wiped;
use crate::permit;
use crate::permit::Permit;

/// What does not change between one try and the next.
#[derive(Debug)]
pub(super) struct Template {
    method: Method,
    target: Target,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Template {
    /// For `permit`. `reserved` are headers that this upstream has other uses for.
    pub(super) fn new(
        base: &Base,
        permit: &Permit,
        reserved: &[&HeaderName],
    ) -> Result<Self, Trouble> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, text(&base.authority())?);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if permit.body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        for (name, value) in &permit.headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| HEADER)?;
            if reserved.contains(&&name) || is_forbidden(name.as_str()) {
                return Err(HEADER);
            }
            headers.insert(name, text(value)?);
        }
        let query = permit.query.iter().map(|(name, value)| {
            let fine = is_value(name) && !name.is_empty() && is_value(value);
            fine.then(|| format!("{name}={value}")).ok_or(QUERY)
        });
        let query = query.collect::<Result<Vec<_>, _>>()?.join("&");
        let target = Target {
            path: permit.path.clone(),
            query: Some(query).filter(|query| !query.is_empty()),
        };
        Ok(Self {
            method: method(permit.method),
            target,
            headers,
            body: permit.body.clone().map(Bytes::from),
        })
    }

    /// Adds a header of our own.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Aims it elsewhere in the same upstream. What was asked about the first place is not asked
    /// about the second.
    pub(super) fn redirect(&mut self, target: Target) {
        self.headers.remove(header::IF_NONE_MATCH);
        self.headers.remove(header::IF_MODIFIED_SINCE);
        self.target = target;
    }

    /// The request, with `proof` put in at the end.
    pub(super) fn request(&self, base: &Base, proof: Option<&Proof>) -> Result<Outgoing, Trouble> {
        let mut headers = self.headers.clone();
        let pair = match proof.map(|proof| &proof.put) {
            None => None,
            Some(Put::Header(name, value)) => {
                headers.insert(name.clone(), value.clone());
                None
            }
            Some(Put::Query(pair)) => Some(pair.as_str()),
        };
        let queries = [self.target.query.as_deref(), pair];
        let uri = uri(base, &self.target.path, queries)?;
        let mut request = Request::new(Payload::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The target below `base`. The last of the `queries` may hold a secret.
fn uri(base: &Base, below: &str, queries: [Option<&str>; 2]) -> Result<Uri, Trouble> {
    if !is_path(below) || !queries.into_iter().flatten().all(is_query) {
        return Err(PATH);
    }
    let mut parts = vec![base.path(), below];
    for (sign, query) in ["?", "&"].into_iter().zip(queries.into_iter().flatten()) {
        parts.extend([sign, query]);
    }
    let uri = Wiped::of(&parts).target().ok_or(PATH)?;
    let path = uri.path().strip_prefix(base.path());
    if path != Some(below) {
        return Err(PATH);
    }
    Ok(uri)
}

/// A path below a base: begins with a slash, climbs nowhere, also not in escapes.
fn is_path(text: &str) -> bool {
    let segment = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        !matches!(plain.as_str(), "." | "..")
    };
    text.starts_with('/')
        && !text.starts_with("//")
        && text.split('/').all(segment)
        && is_encoded(text, b"-._~!$&'()*+,;=:@/")
}

/// A whole query.
pub(super) fn is_query(text: &str) -> bool {
    is_encoded(text, b"-._~!$'()*+,;:@/?=&")
}

fn is_value(text: &str) -> bool {
    is_encoded(text, b"-._~")
}

/// Whether all of `text` is letters, digits, `signs`, or escapes.
fn is_encoded(text: &str, signs: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || signs.contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// Whether no endpoint may set it: `name` is in lower case.
fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name) || FORBIDDEN_BEGINNINGS.iter().any(|b| name.starts_with(b))
}

fn text(value: &str) -> Result<HeaderValue, Trouble> {
    HeaderValue::from_str(value).map_err(|_| HEADER)
}

fn method(method: permit::Method) -> Method {
    match method {
        permit::Method::Get => Method::GET,
        permit::Method::Head => Method::HEAD,
        permit::Method::Post => Method::POST,
        permit::Method::Put => Method::PUT,
        permit::Method::Patch => Method::PATCH,
        permit::Method::Delete => Method::DELETE,
    }
}

/// Who we say we are.
pub(super) const AGENT: &str = concat!("keyhole-api-fetch/", env!("CARGO_PKG_VERSION"));

const FORBIDDEN: &[&str] = &[
    "accept-encoding",
    "authorization",
    "baggage",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-user-context",
];
const FORBIDDEN_BEGINNINGS: &[&str] = &[
    "proxy-",
    "sec-",
    "x-forwarded",
    "true-client-",
    "cf-connecting-",
];

const HEADER: Trouble = Trouble::Permit("a header that no endpoint may set, or none");
const QUERY: Trouble = Trouble::Permit("a query that is not encoded");
const PATH: Trouble = Trouble::Permit("a path that is not plainly below the base");

#[cfg(test)]
mod tests;
