//! Where a receiver is: `https://HOST[:PORT][/PATH]`, `tls://HOST[:PORT]`, and both without TLS.
//!
//! # Invariants
//!
//! - No user, password or fragment, and no byte that could end a line of a request.
//! - [`Address::is_loopback`] says yes to literal addresses and `localhost` alone; that the name
//!   leads there is asked of the connection once it stands.

use std::net::IpAddr;
use std::net::Ipv6Addr;

use serde::Deserialize;
use serde::Deserializer;

use guard::config::expected;

/// The address of a receiver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// HTTP in the clear.
    Http,
    /// A stream over TLS.
    Tls,
    /// A stream in the clear.
    Tcp,
}

impl Address {
    /// Reads `text`; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, usual) = match scheme {
            "https" => (Scheme::Https, Some(443)),
            "http" => (Scheme::Http, Some(80)),
            "tls" => (Scheme::Tls, Some(6514)),
            // there is none that all agree on
            "tcp" => (Scheme::Tcp, None),
            _ => return None,
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at_checked(at)?,
            None => (rest, ""),
        };
        let (host, port) = split(authority)?;
        let port = match port {
            None => usual?,
            Some(digits) => {
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse().ok().filter(|port| plain && *port > 0)?
            }
        };
        let fits = match scheme {
            Scheme::Https | Scheme::Http => is_path(path),
            Scheme::Tls | Scheme::Tcp => path.is_empty(),
        };
        fits.then(|| Self {
            scheme,
            host: host.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    /// What is spoken there.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name, or the literal address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path and the query, `usual` where the address names none.
    #[must_use]
    pub fn path<'a>(&'a self, usual: &'a str) -> &'a str {
        if matches!(self.path.as_str(), "" | "/") {
            usual
        } else {
            &self.path
        }
    }

    /// What the header `Host` says.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        matches!(self.scheme, Scheme::Https | Scheme::Tls)
    }

    /// Whether it says that it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }

    /// The address in its one form.
    #[must_use]
    pub fn text(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
            Scheme::Tls => "tls",
            Scheme::Tcp => "tcp",
        };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| expected(&FORM))
    }
}

/// The host and the port of `HOST[:PORT]`.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':')?),
        };
        return Some((host, port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    is_name(host).then_some((host, port))
}

/// A name in lower case, or four numbers.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        let fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        !label.is_empty() && label.len() <= 63 && label.bytes().all(fine)
    };
    host.len() <= 253 && host.split('.').all(label)
}

fn is_path(path: &str) -> bool {
    let fine =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>' | b'\\');
    path.len() <= 2048 && (path.is_empty() || path.starts_with('/')) && path.bytes().all(fine)
}

const FORM: &str = "`https://HOST[:PORT]/PATH`, `tls://HOST[:PORT]`, or `http://` and `tcp://` on \
                    this machine, without a user, a password or a fragment";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_has_its_parts() {
        let address = Address::parse("https://logs.example.org/v1/logs?x=1").unwrap();
        assert_eq!((address.host(), address.port()), ("logs.example.org", 443));
        assert_eq!(address.path("/"), "/v1/logs?x=1");
        assert!(address.is_encrypted() && !address.is_loopback());
        let address = Address::parse("http://[::1]:4318").unwrap();
        assert_eq!(address.authority(), "[::1]:4318");
        assert_eq!(address.path("/v1/logs"), "/v1/logs");
        assert!(address.is_loopback() && !address.is_encrypted());
        assert_eq!(Address::parse("tls://a").unwrap().port(), 6514);
        assert!(Address::parse("tcp://127.0.0.1:601").unwrap().is_loopback());
    }

    #[test]
    fn what_only_looks_like_this_machine_is_not() {
        for text in [
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://128.0.0.1",
            "http://2130706433",
            "http://0x7f.1",
        ] {
            assert!(!Address::parse(text).unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "logs.example.org",
            "https://",
            "ftp://a",
            "HTTPS://a",
            "https://user:password@a/",
            "https://a/#x",
            "https://a/ b",
            "https://a/\r\nX: y",
            "https://a:0/",
            "https://a:70000",
            "https://a:+1",
            "https://A",
            "https://a..b",
            "https://[::1",
            "https://[a]",
            "https://a?x",
            "tls://a/b",
            "tcp://a",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_part_of_an_address_ends_a_line(text in "(https|http|tls|tcp)://[ -~\r\n\u{e9}]{0,40}") {
            if let Some(address) = Address::parse(&text) {
                let parts = format!("{}{}", address.authority(), address.path("/"));
                prop_assert!(parts.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(Address::parse(&address.text()), Some(address));
            }
        }
    }
}
