//! `[telemetry]`: where spans and metrics go, and what of them.
//!
//! # Invariants
//!
//! - A collector is reached by https; by http only on this machine, and only where the operator says so.
//! - A header that proves something is a reference to a secret, never the secret.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Deserializer;

use guard::config::Spanned;
use guard::config::expected;
use guard::secret::SecretRef;

use crate::forward::address::Address;
use crate::forward::address::Scheme;

/// `[telemetry]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Where the collector is: `https://HOST[:PORT][/PATH]`; `/v1/traces` and `/v1/metrics` follow.
    pub endpoint: Option<Spanned<Endpoint>>,
    /// Whether a collector on this machine may be reached without TLS.
    pub insecure: bool,
    /// A PEM file of the only authorities that may vouch for it, relative to the configuration file.
    pub ca: Option<PathBuf>,
    /// Headers of every request, each with where its value is kept.
    pub headers: BTreeMap<HeaderName, SecretRef>,
    /// How many of the traces that begin here are sent, from 0 to 1. Where a caller has a trace, it is
    /// sent if the caller records it.
    pub ratio: Ratio,
    /// Where the key is kept that makes pseudonyms of principals. Without it, spans say nothing of them.
    pub principal_key: Option<SecretRef>,
    /// Where it is kept what was sent, relative to the configuration file. Without it, a file beside
    /// the directory of the trail.
    pub state: Option<PathBuf>,
}

impl Settings {
    /// The secrets that it refers to.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        self.headers.values().chain(&self.principal_key)
    }
}

/// Where a collector is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    address: Address,
    /// Without a slash at its end.
    path: String,
}

impl Endpoint {
    fn parse(text: &str) -> Option<Self> {
        let address = Address::parse(text)?;
        let path = address.path("").trim_end_matches('/').to_owned();
        let plain =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'/');
        let climbs = path.split('/').any(|part| matches!(part, "." | ".."));
        // more follows the path, so that it can have no query
        let fits = matches!(address.scheme(), Scheme::Https | Scheme::Http)
            && path.len() <= 512
            && path.bytes().all(plain)
            && !path.contains("//")
            && !climbs;
        fits.then_some(Self { address, path })
    }

    /// Whether it may be reached as it is written: by TLS, or on this machine where `insecure` allows it.
    #[must_use]
    pub fn is_fit(&self, insecure: bool) -> bool {
        self.address.is_encrypted() || (insecure && self.address.is_loopback())
    }

    /// The machine, the port, and how to speak there.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// What the path of every request begins with, without a slash at its end.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // not repeated where it is refused: a password may be in it
        let text = String::deserialize(from).ok();
        let read = text.and_then(|text| Self::parse(&text));
        read.ok_or_else(|| expected(&"https://HOST[:PORT][/PATH], without user, query or fragment"))
    }
}

/// The name of a header that may go with every request.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct HeaderName(String);

impl HeaderName {
    /// The name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for HeaderName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?.to_ascii_lowercase();
        let plain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=64).contains(&name.len()) && name.bytes().all(plain);
        if fits && !FRAMING.contains(&name.as_str()) {
            Ok(Self(name))
        } else {
            Err(expected(
                &"the name of a header that frames no message, as `authorization`",
            ))
        }
    }
}

/// How many of something, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// Whether the trace whose number ends in the 16 hexadecimal digits `low` is one of them. All who ask so
    /// answer alike (consistent probability sampling: 56 random bits against a threshold).
    pub(super) fn takes(self, low: &str) -> Option<bool> {
        let random = u64::from_str_radix(low, 16).ok()? & (RANDOM - 1);
        #[expect(
            clippy::cast_precision_loss,
            reason = "56 bits lose at most the last three"
        )]
        let (random, all) = (random as f64, RANDOM as f64);
        Some(random >= (1.0 - self.0) * all)
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self(1.0)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ratio = f64::deserialize(from).map_err(|_| expected(&UNIT))?;
        if (0.0..=1.0).contains(&ratio) {
            Ok(Self(ratio))
        } else {
            Err(expected(&UNIT))
        }
    }
}

const UNIT: &str = "a number from 0.0 to 1.0";
/// One more than the largest random part of a trace's number.
const RANDOM: u64 = 1 << 56;
const FRAMING: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_one_host_and_a_plain_path() {
        let at = |text| {
            let at = Endpoint::parse(text)?;
            Some((at.address.is_encrypted(), at.address.authority(), at.path))
        };
        let whole =
            |tls, authority: &str, path: &str| Some((tls, authority.to_owned(), path.to_owned()));
        assert_eq!(at("https://a.example"), whole(true, "a.example:443", ""));
        assert_eq!(
            at("https://a.example:8443/x/y/"),
            whole(true, "a.example:8443", "/x/y")
        );
        assert_eq!(at("http://127.0.0.1"), whole(false, "127.0.0.1:80", ""));
        assert_eq!(at("http://[::1]:9"), whole(false, "[::1]:9", ""));
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https://:443",
            "https://user:hunter2@a.example",
            "https://a.example:0",
            "https://a.example:65536",
            "https://a.example:+1",
            "https://a.example:",
            "https://a.example?x",
            "https://a.example/#x",
            "https://a.example/../x",
            "https://a.example//x",
            "https://a.example/%2e",
            "https://a.example\r\nx: y",
            "https://A.example",
            "https://[::1",
            "https://[::1]x",
            "https://::1",
            "tls://a.example",
            "tcp://127.0.0.1:4318",
        ] {
            assert_eq!(Endpoint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_is_for_this_machine_and_only_on_the_operators_word() {
        let fit = |text, insecure| Endpoint::parse(text).unwrap().is_fit(insecure);
        assert!(fit("https://a.example", false));
        assert!(fit("http://127.0.0.1:4318", true) && fit("http://[::1]:4318", true));
        assert!(fit("http://localhost:4318", true));
        assert!(!fit("http://127.0.0.1:4318", false));
        for elsewhere in [
            "http://a.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://[fe80::1]",
        ] {
            assert!(!fit(elsewhere, true), "{elsewhere}");
        }
    }

    #[test]
    fn a_header_that_frames_a_message_is_refused() {
        let name = |text: &str| serde_json::from_value::<HeaderName>(text.into());
        assert_eq!(
            name("X-Scope-OrgID").unwrap(),
            HeaderName("x-scope-orgid".to_owned())
        );
        for bad in [
            "",
            "host",
            "Content-Length",
            "transfer-encoding",
            "a b",
            "a:",
            "a\r\nb",
            "\u{e9}",
        ] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
