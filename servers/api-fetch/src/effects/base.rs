//! The origin and path that an upstream is reached at, in the one spelling that is accepted.
//!
//! # Invariants
//!
//! - A host is a lower-case DNS name, a dotted quad, or an IPv6 address in brackets, each as the
//!   standard library would print it. No two parsers can read the same text as two hosts.
//! - There is no user information, query, fragment, escape, backslash or dot segment.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Where an upstream is: scheme, host, port, and the path that all of its endpoints are below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Base {
    tls: bool,
    host: Host,
    port: u16,
    path: String,
}

/// Who is dialled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Host {
    /// A name, for the resolver.
    Name(String),
    /// An address, which the resolver never sees.
    Address(IpAddr),
}

/// Why a text is not the address of an upstream. Static: the text may hold a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {0}")]
pub struct NotABase(&'static str);

impl Base {
    /// Reads `https://HOST[:PORT][/PATH]`, or the same with `http`.
    ///
    /// # Errors
    ///
    /// [`NotABase`] for everything that is not written exactly so.
    pub fn parse(text: &str) -> Result<Self, NotABase> {
        if text.len() > LONGEST {
            return Err(NotABase("an address of at most 2000 bytes"));
        }
        let (scheme, rest) = text.split_once("://").ok_or(FORM)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(FORM),
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or(FORM)?;
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None if tls => 443,
            None => 80,
        };
        Ok(Self {
            tls,
            host: parse_host(host)?,
            port,
            path: parse_path(path)?,
        })
    }

    /// Whether it is reached by TLS.
    #[must_use]
    pub const fn tls(&self) -> bool {
        self.tls
    }

    /// `https` or `http`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Who is dialled.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, also where it is the scheme's own.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What all paths begin with: empty, or `/` and more, without a slash at the end.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host, and the port unless it is the scheme's own: what stands in `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// `scheme://host[:port]`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }
}

impl FromStr for Base {
    type Err = NotABase;

    fn from_str(text: &str) -> Result<Self, NotABase> {
        Self::parse(text)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// The text before the port, and the port if there is a colon.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), NotABase> {
    if authority.starts_with('[') {
        let (host, rest) = authority.split_once(']').ok_or(HOST)?;
        let host = authority.get(..=host.len()).ok_or(HOST)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(HOST),
        };
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn parse_port(text: &str) -> Result<u16, NotABase> {
    let port = text.parse::<u16>().ok().filter(|port| *port != 0);
    port.filter(|port| port.to_string() == text).ok_or(PORT)
}

fn parse_host(text: &str) -> Result<Host, NotABase> {
    if let Some(inside) = text.strip_prefix('[') {
        let inside = inside.strip_suffix(']').ok_or(HOST)?;
        let address: Ipv6Addr = inside.parse().map_err(|_| HOST)?;
        let canonical = address.to_string() == inside;
        return canonical
            .then_some(Host::Address(IpAddr::V6(address)))
            .ok_or(HOST);
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    if looks_like_a_number(last) {
        let address: Ipv4Addr = text.parse().map_err(|_| HOST)?;
        let canonical = address.to_string() == text;
        return canonical
            .then_some(Host::Address(IpAddr::V4(address)))
            .ok_or(HOST);
    }
    let fine = text.len() <= 253 && text.split('.').all(is_label);
    fine.then(|| Host::Name(text.to_owned())).ok_or(HOST)
}

/// Whether some resolver or parser reads a name that ends so as an IPv4 address.
fn looks_like_a_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x");
    let hex = hex.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || (!label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn parse_path(text: &str) -> Result<String, NotABase> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let mut segments = path.split('/').skip(1);
    let fine = segments.all(|segment| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'@' | b':')
            })
    });
    fine.then(|| path.to_owned()).ok_or(PATH)
}

const LONGEST: usize = 2000;
const FORM: NotABase = NotABase("https://HOST[:PORT][/PATH]");
const HOST: NotABase =
    NotABase("a host as a lower-case name, 192.0.2.1 or [2001:db8::1], in its usual spelling");
const PORT: NotABase = NotABase("a port from 1 to 65535");
const PATH: NotABase =
    NotABase("a path of plain segments: letters, digits and -._~@:, no escapes, no query");

#[cfg(test)]
mod tests;
