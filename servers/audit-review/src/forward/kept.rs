//! What is kept of how far a receiver got, between two runs.
//!
//! # Invariants
//!
//! - A position is of one receiver at one address, and of one chain: it is never taken for that of
//!   another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use guard::audit::Hash;
use guard::audit::Link;
use guard::audit::Position;

use super::settings::Kind;

/// How far a receiver got.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct At {
    /// The place before the next line.
    pub position: Position,
    /// The last line that was sent, 0 for none; unknown after a place that was not whole.
    pub seq: Option<u64>,
    /// Whether a line stands there that is too long to be read: what follows in that file is lost.
    pub stuck: bool,
}

/// Why a position is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotKept {
    /// It is not what was written.
    #[error("it is damaged")]
    Damaged,
    /// It is of another version of this program.
    #[error("it is of another version")]
    Version,
    /// The receiver was another one.
    #[error("it is of a receiver of another kind, or at another address")]
    Receiver,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u32,
    receiver: String,
    chain: String,
    segment: u64,
    byte: u64,
    last: Option<(u64, String)>,
    seq: Option<u64>,
    stuck: bool,
}

/// As it is kept for the receiver `kind`.
#[must_use]
pub fn print(at: &At, kind: &Kind) -> String {
    let Position {
        chain,
        segment,
        byte,
        last,
    } = &at.position;
    let written = Written {
        v: VERSION,
        receiver: receiver(kind),
        chain: chain.clone(),
        segment: *segment,
        byte: *byte,
        last: last.map(|link| (link.seq, link.hash.to_string())),
        seq: at.seq,
        stuck: at.stuck,
    };
    // it holds nothing that cannot be written
    let mut text = serde_json::to_string(&written).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads what was kept for the receiver `kind`.
///
/// # Errors
///
/// [`NotKept`] if it is not that.
pub fn parse(bytes: &[u8], kind: &Kind) -> Result<At, NotKept> {
    let written: Written = serde_json::from_slice(bytes).map_err(|_| NotKept::Damaged)?;
    if written.v != VERSION {
        return Err(NotKept::Version);
    }
    if written.receiver != receiver(kind) {
        return Err(NotKept::Receiver);
    }
    let last = match written.last {
        None => None,
        Some((seq, hash)) => {
            let hash: Hash = serde_json::from_value(hash.into()).map_err(|_| NotKept::Damaged)?;
            Some(Link { seq, hash })
        }
    };
    Ok(At {
        position: Position {
            chain: written.chain,
            segment: written.segment,
            byte: written.byte,
            last,
        },
        seq: written.seq,
        stuck: written.stuck,
    })
}

/// The receiver, by a hash: an address may hold what the file need not tell.
fn receiver(kind: &Kind) -> String {
    let address = kind.target().map(|target| target.address.text());
    let mut digest = Sha256::new();
    digest.update(kind.name());
    digest.update(" ");
    digest.update(address.unwrap_or_default());
    STANDARD_NO_PAD.encode(digest.finalize())
}

/// The most bytes of it.
pub const MOST: u64 = 64 << 10;
const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::address::Address;
    use crate::forward::settings::Target;

    fn otlp(address: &str) -> Kind {
        Kind::Otlp(Target {
            address: Address::parse(address).unwrap(),
            ca: None,
            secret: None,
            token: None,
        })
    }

    #[test]
    fn a_position_comes_back_for_its_receiver_and_for_no_other() {
        let hash: Hash = serde_json::from_value("ab".repeat(32).into()).unwrap();
        let at = At {
            position: Position {
                chain: "00112233445566aa".to_owned(),
                segment: 3,
                byte: 4711,
                last: Some(Link { seq: 17, hash }),
            },
            seq: Some(17),
            stuck: false,
        };
        let text = print(&at, &otlp("https://a/x"));
        assert!(!text.contains("https"), "{text}");
        assert_eq!(parse(text.as_bytes(), &otlp("https://a/x")), Ok(at));
        for other in [otlp("https://b/x"), Kind::Stdout] {
            assert_eq!(parse(text.as_bytes(), &other), Err(NotKept::Receiver));
        }
        let damaged = text.replace("ab", "zz");
        assert_eq!(
            parse(damaged.as_bytes(), &otlp("https://a/x")),
            Err(NotKept::Damaged)
        );
        let newer = text.replace("\"v\":1", "\"v\":2");
        assert_eq!(
            parse(newer.as_bytes(), &otlp("https://a/x")),
            Err(NotKept::Version)
        );
        assert_eq!(parse(b"", &Kind::Stdout), Err(NotKept::Damaged));
    }
}
