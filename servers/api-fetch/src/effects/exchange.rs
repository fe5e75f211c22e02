//! One request and its answer over one connection, within a budget.
//!
//! # Invariants
//!
//! - Nothing of an answer is given back before all of it was looked through for secrets.
//! - An answer that two readers could take for two different ones (a length and chunks, two
//!   lengths, a coding that was not asked for) is refused.
//! - A connection is used again only if its last answer was read to the end and nothing is left.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header;
use tokio::time::timeout;
use zeroize::Zeroize;

use super::inflate::Gathered;
use super::link::HEAD;
use super::link::Link;
use super::link::Outgoing;
use super::reflect::Watch;
use super::trouble::BODY;
use super::trouble::HEADERS;
use super::trouble::Trouble;
use super::wire::BUFFER;
use crate::permit::Budget;

/// What came back, looked through.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is none, and the request if it never left.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) trouble: Trouble,
    pub(super) unsent: Option<Outgoing>,
}

impl<T: Into<Trouble>> From<T> for Unanswered {
    fn from(trouble: T) -> Self {
        Self {
            trouble: trouble.into(),
            unsent: None,
        }
    }
}

/// Sends `request` over `link`. The link comes back if it can be used again.
pub(super) async fn ask(
    mut link: Link,
    request: Outgoing,
    budget: &Budget,
    watch: &Watch,
) -> Result<(Answer, Option<Link>), Unanswered> {
    link.meter
        .allow(budget.headers.saturating_add(AHEAD), HEADERS);
    let sent = link.sender.try_send_request(request);
    let answered = timeout(budget.silence, sent).await;
    let answered = answered.map_err(|_| Trouble::Silent(budget.silence))?;
    let response = match answered {
        Ok(response) => response,
        Err(mut error) => {
            let unsent = error.take_message();
            let trouble = error.into_error().into();
            return Err(Unanswered { trouble, unsent });
        }
    };
    let framed = budget.body.saturating_mul(FRAMING).saturating_add(AHEAD);
    link.meter.allow(framed, BODY);
    let answer = read(response, budget, watch).await?;
    link.meter.rest();
    let again = link.is_free().await;
    Ok((answer, again.then_some(link)))
}

async fn read(
    response: Response<Incoming>,
    budget: &Budget,
    watch: &Watch,
) -> Result<Answer, Trouble> {
    let (head, body) = response.into_parts();
    if !(200..600).contains(&head.status.as_u16()) {
        return Err(Trouble::Garbled("a status that is none"));
    }
    let reason = head.extensions.get::<ReasonPhrase>();
    let reason = reason.map_or(&[][..], ReasonPhrase::as_bytes);
    within(reason, &head.headers, budget.headers)?;
    let search = watch.search();
    let finds = |text: &[u8]| search.as_ref().is_some_and(|search| search.finds(text));
    if finds(reason) {
        return Err(Trouble::Reflected("status text"));
    }
    for (name, value) in &head.headers {
        if finds(name.as_str().as_bytes()) || finds(value.as_bytes()) {
            return Err(Trouble::Reflected("headers"));
        }
    }
    unambiguous(&head.headers)?;
    let gzip = is_gzip(&head.headers)?;
    let told = body.size_hint().exact();
    let gathered = Gathered::new(gzip, told, budget.body)?;
    let mut body = gather(body, gathered, budget.silence).await?;
    if finds(&body) {
        body.zeroize();
        return Err(Trouble::Reflected("body"));
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}

async fn gather(
    mut body: Incoming,
    mut gathered: Gathered,
    silence: Duration,
) -> Result<Vec<u8>, Trouble> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let frame = timeout(silence, frame).await;
        let frame = frame.map_err(|_| Trouble::Silent(silence))?;
        match frame.transpose()? {
            // trailers are counted by the meter, and dropped
            Some(frame) => {
                if let Some(data) = frame.data_ref() {
                    gathered.add(data)?;
                }
            }
            None => return gathered.finish(),
        }
    }
}

fn within(reason: &[u8], headers: &HeaderMap, most: u64) -> Result<(), Trouble> {
    let each = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        // the colon, the space and the end of the line
        name.as_str().len() + value.len() + 4
    };
    let all = headers.iter().map(each).sum::<usize>() + reason.len();
    if all as u64 > most {
        return Err(Trouble::Over(HEADERS));
    }
    Ok(())
}

/// Two lengths, or a length and chunks, are how answers are smuggled into one another.
fn unambiguous(headers: &HeaderMap) -> Result<(), Trouble> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = lengths.next();
    let plain = length.is_none_or(|length| length.as_bytes().iter().all(u8::is_ascii_digit));
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let coding = codings.next();
    let chunked = coding.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    let fine = plain && lengths.next().is_none() && codings.next().is_none() && chunked;
    if !fine || (length.is_some() && coding.is_some()) {
        return Err(Trouble::Garbled("the length of the body is told twice"));
    }
    Ok(())
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Trouble> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let coding = codings.next().map(header::HeaderValue::as_bytes);
    match (coding, codings.next()) {
        (None, _) => Ok(false),
        (Some(one), None) if one.eq_ignore_ascii_case(b"gzip") => Ok(true),
        (Some(one), None) if one.eq_ignore_ascii_case(b"identity") => Ok(false),
        _ => Err(Trouble::Garbled(
            "a coding of the body that was not asked for",
        )),
    }
}

/// What may be read before the answer's head is complete: hyper reads ahead into its buffers.
const AHEAD: u64 = (HEAD + 2 * BUFFER) as u64;
/// A byte in a chunk of its own takes six on the wire.
const FRAMING: u64 = 8;
