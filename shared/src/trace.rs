//! Joins a request to the trace of its caller: W3C Trace Context, as `_meta` of a request carries it.
//!
//! Only `traceparent` is taken. `tracestate` and `baggage` are texts of the caller's own: nothing
//! here reads them, so nothing can hand them to somebody else.
//!
//! # Invariants
//!
//! - What is not a `traceparent` by the letter of the specification is no trace, and no error.
//! - A text that leaves is written from numbers: no byte of the caller's is copied.
//! - The span that downstream and the record name is that of this request, never the caller's.

use std::fmt;

use uuid::Uuid;

/// The number of a trace, never zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TraceId([u8; 16]);

/// The number of a span, never zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpanId([u8; 8]);

/// Which span of which trace asks: a `traceparent`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parent {
    trace: TraceId,
    span: SpanId,
    flags: u8,
}

/// A request as a span of the trace of its caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    parent: Parent,
    id: SpanId,
}

impl TraceId {
    /// Reads 32 hexadecimal digits in lower case that are not all zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        number(text).map(Self)
    }
}

impl SpanId {
    /// Reads 16 hexadecimal digits in lower case that are not all zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        number(text).map(Self)
    }

    /// The span of the request that is recorded as `id`: the last half of it, which is random but
    /// for two bits. None where that is zero, which no record's is.
    #[must_use]
    pub fn of_record(id: Uuid) -> Option<Self> {
        let (_, low) = id.as_u64_pair();
        (low != 0).then(|| Self(low.to_be_bytes()))
    }
}

impl Parent {
    /// Reads a `traceparent` (W3C Trace Context, level 1, section 3.2).
    ///
    /// A version after `00` may be longer, behind a further `-`; what stands there is not read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (version, rest) = text.split_once('-')?;
        let [version] = digits(version)?;
        let (trace, rest) = rest.split_once('-')?;
        let (span, rest) = rest.split_once('-')?;
        let (flags, more) = match rest.split_once('-') {
            Some((flags, _)) => (flags, true),
            None => (rest, false),
        };
        let fits = match version {
            0 => !more,
            0xff => false,
            1.. => true,
        };
        let [flags] = digits(flags)?;
        fits.then_some(Self {
            trace: TraceId::parse(trace)?,
            span: SpanId::parse(span)?,
            // the other bits are of later versions: they are not set by who does not know them
            flags: flags & SAMPLED,
        })
    }
}

impl Span {
    /// The request recorded as `id`, asked by `parent`.
    #[must_use]
    pub fn below(parent: Parent, id: Uuid) -> Option<Self> {
        SpanId::of_record(id).map(|id| Self { parent, id })
    }

    /// The trace.
    #[must_use]
    pub const fn trace(&self) -> TraceId {
        self.parent.trace
    }

    /// This span.
    #[must_use]
    pub const fn id(&self) -> SpanId {
        self.id
    }

    /// The caller's span.
    #[must_use]
    pub const fn parent(&self) -> SpanId {
        self.parent.span
    }

    /// Whether the caller records its own.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.parent.flags & SAMPLED != 0
    }

    /// The `traceparent` for whoever is asked on behalf of this request.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let Self { parent, id } = self;
        format!("00-{}-{id}-{:02x}", parent.trace, parent.flags)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A number that is not zero.
fn number<const N: usize>(text: &str) -> Option<[u8; N]> {
    digits(text).filter(|bytes| bytes.iter().any(|byte| *byte != 0))
}

/// Exactly `2 * N` hexadecimal digits in lower case.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The flag that says that the caller records its own span.
const SAMPLED: u8 = 1;

#[cfg(test)]
mod tests;
