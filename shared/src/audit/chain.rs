//! How a line is bound to the one before it, and how a line is taken apart again.
//!
//! A line is `{"v":1,"t":TYPE,"seq":N,"prev":HASH` + body + `,"hash":HASH}`, and its hash is the
//! SHA-256 of `keyhole-audit/1\n` and of its bytes before `,"hash":"`. Nothing is parsed as JSON
//! to verify it, so there is no second reading of the same bytes.
//!
//! # Invariants
//!
//! - [`seal`] is the only place where a line is made, [`open`] the only one where it is read;
//!   what one makes the other accepts (property test), byte for byte.
//! - A line holds printable ASCII only.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use sha2::Digest;
use sha2::Sha256;

use super::encode::push_number;

/// A SHA-256: of a line, or of a node of the tree over the lines.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Hash([u8; 32]);

/// Where a chain stands: the number and the hash of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link {
    /// The position of the line, counted from 1 and never reset.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Type {
    /// The first line of a segment.
    Head,
    /// A record.
    Event,
    /// A signed checkpoint.
    Checkpoint,
    /// The last line of a segment that was rotated.
    Tail,
}

/// A line whose hash fits its bytes.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) what: Type,
    pub(super) prev: Hash,
    pub(super) link: Link,
    /// The fields between `prev` and `hash`.
    pub(super) body: &'a [u8],
}

/// Why a line is not the next of its chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Why {
    /// It does not have the form of a line.
    #[error("not a line of this format")]
    Form,
    /// It is longer than any line that is ever written.
    #[error("longer than a line can be")]
    TooLong,
    /// Its bytes were changed after it was written.
    #[error("the hash does not fit the bytes")]
    Hash,
    /// Lines are missing before it, or it stands twice.
    #[error("the number does not follow the one before")]
    Number,
    /// It was written after another line than the one that stands before it.
    #[error("it does not name the line before it")]
    Previous,
    /// A segment begins with something else than its head, or holds a second one.
    #[error("not the head of this segment, or one in the wrong place")]
    Head,
    /// A segment goes on after its last line.
    #[error("a line after the tail")]
    AfterTail,
    /// A segment that was not the last ends in the middle of a line.
    #[error("cut off in the middle of a line")]
    Cut,
    /// The size or the frontier of the tree is not that of the lines before it.
    #[error("the tree does not fit the lines before it")]
    Tree,
    /// A checkpoint line does not hold a checkpoint of this chain.
    #[error("not a checkpoint of this chain")]
    Checkpoint,
    /// The size or the root of a checkpoint is not that of the lines before it.
    #[error("the checkpoint does not fit the lines before it")]
    Root,
    /// A signature in the name of a known key was not made by it.
    #[error("the signature of the checkpoint is forged")]
    Signature,
    /// No trusted key signed the checkpoint, nor any that one of them handed over to.
    #[error("no trusted key signed the checkpoint")]
    UnknownKey,
    /// The lines so far are others than an anchor speaks of.
    #[error("an anchor contradicts it")]
    Anchor,
}

impl Link {
    /// Before the first line.
    pub const START: Self = Self {
        seq: 0,
        hash: Hash([0; 32]),
    };
}

impl Hash {
    /// The hash of `bytes`, as lines are hashed.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(bytes);
        Self(hasher.finalize().into())
    }

    /// A hash that was made elsewhere.
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (to, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
            let (high, low) = (pair.first()?, pair.last()?);
            *to = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(hash))
    }

    pub(super) fn push_to(self, line: &mut Vec<u8>) {
        push_hex(line, &self.0);
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(text.as_bytes()).ok_or_else(|| D::Error::custom("not a hash"))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Appends to `out` the line that comes after `last`, and says where the chain stands then.
/// `body` is empty or begins with a comma.
pub(super) fn seal(out: &mut Vec<u8>, what: Type, last: Link, body: &[u8]) -> Link {
    let start = out.len();
    let seq = last.seq.saturating_add(1);
    out.extend_from_slice(OPENING);
    out.extend_from_slice(what.name());
    out.extend_from_slice(SEQ);
    push_number(out, seq);
    out.extend_from_slice(PREV);
    last.hash.push_to(out);
    out.push(b'"');
    out.extend_from_slice(body);
    let hash = Hash::of(out.get(start..).unwrap_or_default());
    out.extend_from_slice(HASH);
    hash.push_to(out);
    out.extend_from_slice(CLOSING);
    out.push(b'\n');
    Link { seq, hash }
}

/// Takes a line apart, without its line feed, and checks its hash.
pub(super) fn open(line: &[u8]) -> Result<Line<'_>, Why> {
    parse(line).ok_or(Why::Form).and_then(|(found, hashed)| {
        if Hash::of(hashed) == found.link.hash {
            Ok(found)
        } else {
            Err(Why::Hash)
        }
    })
}

fn parse(line: &[u8]) -> Option<(Line<'_>, &[u8])> {
    // without branches, so that many bytes are looked at at a time
    let printable = |all, byte: &u8| all & (byte.wrapping_sub(b' ') < 0x5F);
    if !line.iter().fold(true, printable) {
        return None;
    }
    let (hashed, end) = line.split_at_checked(line.len().checked_sub(END)?)?;
    let hash = end.strip_prefix(HASH)?.strip_suffix(CLOSING)?;
    let rest = hashed.strip_prefix(OPENING)?;
    let (what, rest) = Type::ALL
        .into_iter()
        .find_map(|what| Some((what, rest.strip_prefix(what.name())?)))?;
    let rest = rest.strip_prefix(SEQ)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits)?;
    if digits.first() == Some(&b'0') {
        return None;
    }
    let seq = str::from_utf8(digits).ok()?.parse().ok()?;
    let (prev, rest) = rest.strip_prefix(PREV)?.split_at_checked(64)?;
    let body = rest.strip_prefix(b"\"")?;
    if !matches!(body.first(), None | Some(b',')) {
        return None;
    }
    let line = Line {
        what,
        prev: Hash::parse(prev)?,
        link: Link {
            seq,
            hash: Hash::parse(hash)?,
        },
        body,
    };
    Some((line, hashed))
}

impl Line<'_> {
    /// Whether this is the line after `last`.
    pub(super) fn follows(&self, last: Link) -> Result<(), Why> {
        if Some(self.link.seq) != last.seq.checked_add(1) {
            Err(Why::Number)
        } else if self.prev != last.hash {
            Err(Why::Previous)
        } else {
            Ok(())
        }
    }
}

impl Type {
    const ALL: [Self; 4] = [Self::Event, Self::Head, Self::Tail, Self::Checkpoint];

    const fn name(self) -> &'static [u8] {
        match self {
            Self::Head => b"head",
            Self::Event => b"event",
            Self::Checkpoint => b"ckpt",
            Self::Tail => b"tail",
        }
    }
}

/// Appends `bytes` in hexadecimal.
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    let letter = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]),
    );
}

const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// What keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"keyhole-audit/1\n";
const OPENING: &[u8] = b"{\"v\":1,\"t\":\"";
const SEQ: &[u8] = b"\",\"seq\":";
const PREV: &[u8] = b",\"prev\":\"";
const HASH: &[u8] = b",\"hash\":\"";
const CLOSING: &[u8] = b"\"}";
const END: usize = HASH.len() + 64 + CLOSING.len();

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_verifier_needs_nothing_but_sha_256_and_the_bytes() {
        let mut line = Vec::new();
        let link = seal(&mut line, Type::Event, Link::START, b",\"id\":\"x\"");
        let text = String::from_utf8(line).unwrap();
        let (before, after) = text.split_once(",\"hash\":\"").unwrap();
        let hash = Sha256::digest([b"keyhole-audit/1\n", before.as_bytes()].concat());
        assert_eq!(after, format!("{}\"}}\n", Hash(hash.into())));
        assert_eq!(link.hash.to_string(), Hash(hash.into()).to_string());
        let zeros = "0".repeat(64);
        let start =
            format!("{{\"v\":1,\"t\":\"event\",\"seq\":1,\"prev\":\"{zeros}\",\"id\":\"x\"");
        assert_eq!(before, start);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_no_changed_byte_does(
            body in "(,[ -~]{0,80})?", seq in 0_u64..u64::MAX - 1, at in 0_usize..400, to in 1_u8..=255,
        ) {
            let last = Link { seq, hash: Hash::of(b"before") };
            let mut line = Vec::new();
            let link = seal(&mut line, Type::Event, last, body.as_bytes());
            line.pop();
            let opened = open(&line).unwrap();
            prop_assert_eq!(opened.link, link);
            prop_assert_eq!(opened.body, body.as_bytes());
            prop_assert_eq!(opened.follows(last), Ok(()));
            let at = at % line.len();
            line[at] ^= to;
            prop_assert!(open(&line).is_err());
        }

        #[test]
        fn noise_is_no_line(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(open(&line).is_err());
        }
    }
}
