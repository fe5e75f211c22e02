//! `[[forward]]`: the receivers of the trail, as the operator writes them.
//!
//! # Invariants
//!
//! - A secret is named by where it is kept.
//! - What is not encrypted stays on this machine, and only where `insecure = true` says so.
//! - A key that means nothing for a kind of receiver is refused there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Deserializer;

use guard::config::ByteLimit;
use guard::config::Limit;
use guard::config::expected;
use guard::secret::SecretRef;

use super::address::Address;
use super::address::Scheme;

/// One receiver.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// What it is called: in messages, in records, and in the name of the file of its position.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where it begins that has no position yet.
    pub from: From,
    /// Whether `forward` leaves it out: it gets the findings of `watch` alone.
    pub alerts_only: bool,
    /// After so many bytes a batch is sent.
    pub batch_bytes: usize,
    /// For how long it is waited for one batch.
    pub timeout: Duration,
}

/// What a receiver is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Standard output, a line a record.
    Stdout,
    /// Syslog over TCP (RFC 5424 and 6587) or TLS (RFC 5425).
    Syslog(Target),
    /// OpenTelemetry logs over HTTP.
    Otlp(Target),
    /// A signed `POST` with many records.
    Webhook(Target),
}

/// Where a receiver is, and how one proves to it who sends.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where.
    pub address: Address,
    /// The certificates of who may vouch for it, in place of those of the system.
    pub ca: Option<PathBuf>,
    /// The key of the signature.
    pub secret: Option<SecretRef>,
    /// The bearer token.
    pub token: Option<SecretRef>,
}

/// Where a new receiver begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// With the first line that is there.
    #[default]
    Start,
    /// With what is written from now on.
    Now,
}

impl Kind {
    /// As the configuration has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Syslog(_) => "syslog",
            Self::Otlp(_) => "otlp",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Where it is, if it is not this process.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Stdout => None,
            Self::Syslog(target) | Self::Otlp(target) | Self::Webhook(target) => Some(target),
        }
    }
}

/// The first name that two receivers have: their positions would be one.
#[must_use]
pub fn twice(receivers: &[Receiver]) -> Option<&str> {
    let mut seen = BTreeSet::new();
    let mut names = receivers.iter().map(|receiver| receiver.name.as_str());
    names.find(|name| !seen.insert(*name))
}

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        written.check().map_err(|what| expected(&what))
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    name: Name,
    kind: Word,
    address: Option<Address>,
    ca: Option<PathBuf>,
    secret: Option<SecretRef>,
    token: Option<SecretRef>,
    #[serde(default)]
    from: From,
    #[serde(default)]
    alerts_only: bool,
    #[serde(default)]
    insecure: bool,
    batch_bytes: Option<ByteLimit<{ 4 << 20 }>>,
    timeout_seconds: Option<Limit<600>>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Stdout,
    Syslog,
    Otlp,
    Webhook,
}

impl Written {
    fn check(self) -> Result<Receiver, &'static str> {
        let kind = match (self.kind, self.address) {
            (Word::Stdout, None) => {
                if self.ca.is_some() || self.secret.is_some() || self.token.is_some() {
                    return Err("no `ca`, `secret` or `token` for standard output");
                }
                if self.insecure {
                    return Err(INSECURE);
                }
                Kind::Stdout
            }
            (Word::Stdout, Some(_)) => return Err("no `address` for standard output"),
            (_, None) => return Err("an `address` for this kind of receiver"),
            (kind, Some(address)) => {
                match (address.is_encrypted(), self.insecure) {
                    (true, true) => return Err(INSECURE),
                    (false, false) => return Err(PLAIN),
                    (false, true) if !address.is_loopback() => return Err(PLAIN),
                    (true, false) | (false, true) => {}
                }
                if self.ca.is_some() && !address.is_encrypted() {
                    return Err("`ca` only where the address is `https` or `tls`");
                }
                let streams = matches!(address.scheme(), Scheme::Tls | Scheme::Tcp);
                let target = Target {
                    address,
                    ca: self.ca,
                    secret: self.secret,
                    token: self.token,
                };
                kinds(kind, streams, target)?
            }
        };
        Ok(Receiver {
            name: self.name.0,
            kind,
            from: self.from,
            alerts_only: self.alerts_only,
            batch_bytes: self.batch_bytes.map_or(256 << 10, ByteLimit::count),
            timeout: Duration::from_secs(self.timeout_seconds.map_or(30, Limit::get)),
        })
    }
}

fn kinds(kind: Word, streams: bool, target: Target) -> Result<Kind, &'static str> {
    let (secret, token) = (target.secret.is_some(), target.token.is_some());
    match kind {
        Word::Syslog if !streams => Err("an address with `tls` or `tcp` for syslog"),
        Word::Syslog if secret || token => Err("no `secret` or `token` for syslog"),
        Word::Syslog => Ok(Kind::Syslog(target)),
        Word::Stdout | Word::Otlp | Word::Webhook if streams => {
            Err("an address with `https` for this kind of receiver")
        }
        Word::Webhook if secret || token => Ok(Kind::Webhook(target)),
        Word::Webhook => {
            Err("a `secret` that signs, or a `token`: else anybody could send the same")
        }
        Word::Otlp if secret => {
            Err("no `secret` for OTLP, which signs nothing; it can have a `token`")
        }
        Word::Otlp => Ok(Kind::Otlp(target)),
        Word::Stdout => Ok(Kind::Stdout),
    }
}

/// The name of a receiver: part of a file name.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(fine) {
            return Ok(Self(text));
        }
        Err(expected(&"1 to 32 small letters, digits and `-`"))
    }
}

const PLAIN: &str = "an encrypted address, `https` or `tls`; without TLS only this machine can be \
                     reached, by `127.0.0.1`, `[::1]` or `localhost` and `insecure = true`";
const INSECURE: &str = "`insecure` only for `http` and `tcp` on this machine";

#[cfg(test)]
mod tests {
    use super::*;
    use guard::config::Source;

    #[derive(Deserialize)]
    struct Whole {
        forward: Vec<Receiver>,
    }

    fn parse(keys: &str) -> Result<Receiver, String> {
        let text = format!("[[forward]]\nname = \"siem\"\n{keys}\n");
        let source = Source::new("review.toml", text);
        let whole = source.parse::<Whole>().map_err(|error| error.to_string())?;
        Ok(whole.forward.into_iter().next().unwrap())
    }

    #[test]
    fn a_receiver_has_what_was_written_and_defaults() {
        let receiver = parse(
            "kind = \"webhook\"\naddress = \"https://hooks.example.org/x\"\nsecret = \"env:KEY\"\n\
             from = \"now\"\nbatch-bytes = \"1 MiB\"",
        )
        .unwrap();
        assert_eq!(receiver.kind.name(), "webhook");
        assert_eq!(receiver.from, From::Now);
        assert_eq!(receiver.batch_bytes, 1 << 20);
        assert_eq!(receiver.timeout, Duration::from_secs(30));
        let receiver = parse("kind = \"stdout\"").unwrap();
        assert!(receiver.kind.target().is_none() && receiver.from == From::Start);
    }

    #[test]
    fn o3_what_is_not_encrypted_stays_on_this_machine() {
        let plain = |address: &str, insecure: bool| {
            parse(&format!(
                "kind = \"otlp\"\naddress = \"{address}\"\ninsecure = {insecure}"
            ))
        };
        assert!(plain("http://127.0.0.1:4318", true).is_ok());
        assert!(plain("https://otel.example.org", false).is_ok());
        for (address, insecure) in [
            ("http://127.0.0.1:4318", false),
            ("http://10.0.0.1:4318", true),
            ("http://otel.example.org", true),
            ("https://otel.example.org", true),
        ] {
            let error = plain(address, insecure).unwrap_err();
            assert!(error.contains("expected"), "{address}: {error}");
        }
    }

    #[test]
    fn what_means_nothing_for_a_kind_is_refused() {
        for keys in [
            "kind = \"stdout\"\naddress = \"https://a\"",
            "kind = \"stdout\"\ninsecure = true",
            "kind = \"stdout\"\ntoken = \"env:A\"",
            "kind = \"syslog\"",
            "kind = \"syslog\"\naddress = \"https://a\"",
            "kind = \"syslog\"\naddress = \"tls://a\"\ntoken = \"env:A\"",
            "kind = \"otlp\"\naddress = \"tls://a\"",
            "kind = \"otlp\"\naddress = \"https://a\"\nsecret = \"env:A\"",
            "kind = \"webhook\"\naddress = \"https://a\"",
            "kind = \"webhook\"\naddress = \"https://a\"\nsecret = \"hunter2-hunter2\"",
            "kind = \"syslog\"\naddress = \"tcp://127.0.0.1:1\"\ninsecure = true\nca = \"x\"",
            "kind = \"kafka\"",
            "kind = \"stdout\"\nretries = 3",
        ] {
            let error = parse(keys).unwrap_err();
            assert!(error.starts_with("review.toml:"), "{keys}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn two_of_one_name_are_found() {
        let one = parse("kind = \"stdout\"").unwrap();
        assert_eq!(twice(std::slice::from_ref(&one)), None);
        assert_eq!(twice(&[one.clone(), one]), Some("siem"));
    }
}
