//! Reads on what terms an answer may be kept, as RFC 9111 has them for a private cache. Pure.
//!
//! Stricter than the RFC where it leaves a choice: nothing is fresh that did not say so, what is
//! said twice or in a way that cannot be read counts as stale, and an answer that sets a cookie or
//! varies by what is not in the key is not kept.
//!
//! # Invariants
//!
//! - No upstream makes an answer last longer than the operator's limit.
//! - What is sent back to the upstream is what it sent as a validator, in the form of one.

use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

/// On what terms an answer is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Terms {
    /// How long it may be given without asking, from when it came.
    pub(super) fresh: Duration,
    /// The validators, as the headers that ask whether they still hold.
    pub(super) conditions: Vec<(HeaderName, HeaderValue)>,
}

/// What was around an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// What time it was.
    pub(super) now: DateTime<Utc>,
    /// How long it took.
    pub(super) took: Duration,
    /// The longest that it may be fresh.
    pub(super) most: Duration,
    /// Headers of the request whose values are not in the key.
    pub(super) unkeyed: &'a [HeaderName],
}

impl Terms {
    /// The terms of an answer with these `headers`. None if it may not be kept, or if that would
    /// be of no use.
    pub(super) fn of(headers: &HeaderMap, around: Around<'_>) -> Option<Self> {
        let control = Control::read(headers)?;
        if control.no_store
            || headers.contains_key(header::SET_COOKIE)
            || !varies_by_the_key(headers, around.unkeyed)
        {
            return None;
        }
        let lifetime = match control {
            Control { no_cache: true, .. } => Duration::ZERO,
            Control {
                max_age: Some(age), ..
            } => age,
            _ => expires(headers, around.now),
        };
        let fresh = age(headers, around.now)
            .map(|age| age.saturating_add(around.took))
            .map_or(Duration::ZERO, |age| lifetime.saturating_sub(age))
            .min(around.most);
        let conditions = conditions(headers);
        let useful = !fresh.is_zero() || !conditions.is_empty();
        useful.then_some(Self { fresh, conditions })
    }
}

/// The headers that terms are made of.
pub(super) const OF_TERMS: [HeaderName; 8] = [
    header::AGE,
    header::CACHE_CONTROL,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::SET_COOKIE,
    header::VARY,
];

/// What `Cache-Control` says, as far as a private cache heeds it.
#[derive(Debug, Default)]
struct Control {
    no_store: bool,
    no_cache: bool,
    max_age: Option<Duration>,
}

impl Control {
    /// None if it is not of the form: then nobody knows what it forbids.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let mut read = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            let mut rest = value.to_str().ok()?.trim_start();
            // INVARIANT: each turn takes something off, or ends it.
            while !rest.is_empty() {
                if let Some(after) = rest.strip_prefix([',', ' ', '\t']) {
                    rest = after;
                    continue;
                }
                let (name, argument, after) = directive(rest)?;
                rest = after;
                match name.to_ascii_lowercase().as_str() {
                    "no-store" => read.no_store = true,
                    "no-cache" => read.no_cache = true,
                    "max-age" => {
                        let said = read.max_age.is_some();
                        let age = argument.and_then(seconds).filter(|_| !said);
                        read.max_age = Some(age.unwrap_or(Duration::ZERO));
                    }
                    _ => {}
                }
            }
        }
        Some(read)
    }
}

/// The directive that `text` begins with: its name, its argument, and what follows the comma.
fn directive(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (name, rest) = token(text)?;
    let Some(rest) = rest.strip_prefix('=') else {
        return Some((name, None, end(rest)?));
    };
    let (argument, rest) = match rest.strip_prefix('"') {
        // what is escaped is no number and no name of ours
        Some(quoted) => quoted
            .split_once('"')
            .filter(|(text, _)| !text.contains('\\'))?,
        None => token(rest)?,
    };
    Some((name, Some(argument), end(rest)?))
}

fn token(text: &str) -> Option<(&str, &str)> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let length = text.bytes().take_while(|byte| fine(*byte)).count();
    text.split_at_checked(length)
        .filter(|(token, _)| !token.is_empty())
}

/// What is behind the comma; there is nothing else before it.
fn end(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t']);
    match text.strip_prefix(',') {
        Some(after) => Some(after),
        None => text.is_empty().then_some(text),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // more than fits is more than anybody's limit
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

/// How long it lasts from `Date` on, or not at all.
fn expires(headers: &HeaderMap, now: DateTime<Utc>) -> Duration {
    let until = match one(headers, &header::EXPIRES) {
        Ok(Some(until)) => date(until),
        Ok(None) | Err(()) => None,
    };
    let from = match one(headers, &header::DATE) {
        Ok(Some(from)) => date(from),
        Ok(None) => Some(now),
        Err(()) => None,
    };
    let lasts = until.zip(from).map(|(until, from)| until - from);
    positive(lasts.unwrap_or_default())
}

/// How old it was when it came, as far as it says. None if it says so in a way that is not clear.
fn age(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let told = match one(headers, &header::AGE).ok()? {
        Some(value) => seconds(value.to_str().ok()?.trim())?,
        None => Duration::ZERO,
    };
    let apparent = match one(headers, &header::DATE).ok()? {
        Some(value) => positive(now - date(value)?),
        None => Duration::ZERO,
    };
    Some(told.max(apparent))
}

/// Whether an answer depends on nothing of the request but what is in the key.
fn varies_by_the_key(headers: &HeaderMap, unkeyed: &[HeaderName]) -> bool {
    let mut values = headers.get_all(header::VARY).iter();
    values.all(|value| {
        let Ok(text) = value.to_str() else {
            return false;
        };
        let mut names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names.all(|name| {
            let name = HeaderName::try_from(name).ok().filter(|name| *name != "*");
            name.is_some_and(|name| !unkeyed.contains(&name) && !CONDITIONS.contains(&name))
        })
    })
}

fn conditions(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let mut all = Vec::new();
    if let Ok(Some(tag)) = one(headers, &header::ETAG)
        && is_tag(tag.as_bytes())
    {
        all.push((header::IF_NONE_MATCH, tag.clone()));
    }
    let modified = one(headers, &header::LAST_MODIFIED).ok().flatten();
    // written anew: what is no date does not go back
    let modified = modified
        .and_then(date)
        .map(|date| date.format(DATE).to_string());
    if let Some(Ok(value)) = modified.map(HeaderValue::try_from) {
        all.push((header::IF_MODIFIED_SINCE, value));
    }
    all
}

/// RFC 9110, 8.8.3.
fn is_tag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    let inside = opaque
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""));
    let fine = |byte: &u8| matches!(byte, b'!' | b'#'..=b'~');
    value.len() <= LONGEST && inside.is_some_and(|text| text.iter().all(fine))
}

/// The one value of a header, if it is there. An error if there are several.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    all.next().is_none().then_some(first).ok_or(())
}

fn date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc2822(value.to_str().ok()?).ok()?;
    Some(read.with_timezone(&Utc))
}

fn positive(time: TimeDelta) -> Duration {
    time.to_std().unwrap_or_default()
}

/// Headers that an endpoint could set and that would make an answer one to another question.
pub(super) const CONDITIONS: [HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];
/// RFC 9110, 5.6.7.
const DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// Bytes of a tag.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests;
