//! Where a server is: the scheme, the host and the port of its address.

use std::net::IpAddr;
use std::str::FromStr;

use crate::secret::Reach;
use crate::secret::Unreached;

/// `https://HOST[:PORT]`, or `http://` to this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::secret) struct Origin {
    pub(super) tls: bool,
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether it is the address of an agent, which is asked without TLS as it is.
    pub(super) agent: bool,
}

impl Origin {
    /// `http://ADDRESS[:PORT]`, where the address is one of those that agents beside this process are
    /// known by: no name, for others could answer to it.
    #[cfg(feature = "aws")]
    pub(in crate::secret) fn agent(text: &str, agents: &[IpAddr]) -> Result<Self, Unreached> {
        let rest = text.strip_prefix("http://").ok_or(Unreached::Plain)?;
        let same = format!("https://{rest}").parse::<Self>()?;
        let ip = same.host.parse::<IpAddr>().map_err(|_| Unreached::Plain)?;
        if !agents.contains(&ip) {
            return Err(Unreached::Plain);
        }
        Ok(Self {
            tls: false,
            agent: true,
            // without one it is that of `https` so far
            port: if same.port == 443 { 80 } else { same.port },
            ..same
        })
    }

    /// What connecting to it takes.
    pub(in crate::secret) fn reach(&self) -> Reach {
        Reach {
            ports: [self.port].into(),
            names: self.host.parse::<IpAddr>().is_err(),
            ..Reach::default()
        }
    }

    /// The host and the port, as the `Host` header has it: the usual port is left out.
    pub(in crate::secret) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl FromStr for Origin {
    type Err = Unreached;

    fn from_str(text: &str) -> Result<Self, Unreached> {
        let (tls, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(Unreached::Name);
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
            let (host, port) = bracketed.split_once(']').ok_or(Unreached::Name)?;
            // only an address of the sixth version stands in brackets
            host.parse::<std::net::Ipv6Addr>()
                .map_err(|_| Unreached::Name)?;
            (
                host,
                port.strip_prefix(':').or((port.is_empty()).then_some("")),
            )
        } else {
            match rest.split_once(':') {
                Some((host, port)) if !port.is_empty() => (host, Some(port)),
                Some(_) => return Err(Unreached::Name),
                None => (rest, Some("")),
            }
        };
        let port = match port.ok_or(Unreached::Name)? {
            "" if tls => 443,
            "" => 80,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| Unreached::Name)?
            }
            _ => return Err(Unreached::Name),
        };
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if !(1..=253).contains(&host.len()) || !host.chars().all(fine) {
            return Err(Unreached::Name);
        }
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !tls && !here {
            return Err(Unreached::Plain);
        }
        Ok(Self {
            tls,
            host: host.to_ascii_lowercase(),
            port,
            agent: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_put_together() {
        for (text, authority) in [
            ("https://vault.example.org", "vault.example.org"),
            ("https://Vault.example.org:8200/", "vault.example.org:8200"),
            ("https://[2001:db8::1]:8200", "[2001:db8::1]:8200"),
            ("https://10.0.0.1:443", "10.0.0.1"),
            ("http://127.0.0.1:8200", "127.0.0.1:8200"),
            ("http://[::1]", "[::1]"),
            ("http://localhost:1", "localhost:1"),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.authority(), authority, "{text}");
        }
    }

    #[test]
    fn without_tls_only_this_machine_and_no_other_form() {
        for text in [
            "http://vault:8200",
            "http://10.0.0.1",
            "http://localhost.evil.org",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(Unreached::Plain), "{text}");
        }
        for text in [
            "",
            "vault",
            "ftp://vault",
            "https://",
            "https://a:b@c",
            "https://a/b",
            "https://a?b",
            "https://a:",
            "https://a:70000",
            "https://a:+1",
            "https://[a]",
            "https://[::1",
            "https://[::1]x",
            "https://a b",
            "https://a\r\nb",
            "https://ü",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(Unreached::Name), "{text}");
        }
    }
}
