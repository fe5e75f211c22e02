//! What the upstreams need of the world outside: their hosts, which addresses those may have,
//! their secrets, their certificates. It is told once, before anything is asked for.
//!
//! # Invariants
//!
//! - Which addresses may be dialled is decided where they are dialled, by [`Networks`].
//! - An upstream that is not declared has no number here, and nothing else can be dialled.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::UdpSocket;

use guard::broker::Barred;
use guard::broker::Charter;
use guard::broker::Document;
use guard::broker::Failure;
use guard::broker::Place;
use guard::broker::Policy;
use guard::broker::Target;
use guard::secret::SecretRef;
use ipnet::IpNet;
use serde::Deserialize;
use serde::Serialize;

use super::base::Base;
use super::base::Host;
use super::trouble::Trouble;
use super::upstream::ClientKey;
use super::upstream::Credential;
use super::upstream::Roots;
use super::upstream::Upstream;
use crate::address;

/// The networks that may be dialled beyond the public Internet.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Networks(Vec<IpNet>);

impl Policy for Networks {
    fn vet(&self, address: IpAddr) -> Result<(), Barred> {
        address::vet(address, &self.0).map_err(|_| Barred::Shut)?;
        if !address::is_named(address, &self.0) && is_own(address) {
            return Err(Barred::Own);
        }
        Ok(())
    }

    fn roots() -> Vec<Vec<u8>> {
        // What cannot be read is left out: with no roots at all, nothing is trusted.
        let found = rustls_native_certs::load_native_certs().certs;
        found.iter().map(|one| one.to_vec()).collect()
    }
}

impl TryFrom<Vec<String>> for Networks {
    type Error = ipnet::AddrParseError;

    fn try_from(texts: Vec<String>) -> Result<Self, Self::Error> {
        let all = texts.iter().map(|text| text.parse());
        all.collect::<Result<_, _>>().map(Self)
    }
}

impl From<Networks> for Vec<String> {
    fn from(networks: Networks) -> Self {
        networks.0.iter().map(IpNet::to_string).collect()
    }
}

/// All that `upstreams` need.
#[must_use]
pub fn charter(upstreams: &[Upstream]) -> Charter<Networks> {
    let mut charter = Charter::default();
    for upstream in upstreams {
        charter.target(target(&upstream.base, upstream));
        match &upstream.credential {
            None => {}
            Some(Credential::Bearer(secret)) => charter.secret(secret),
            Some(Credential::Basic { password, .. }) => charter.secret(password),
            Some(Credential::Header { value, .. } | Credential::Query { value, .. }) => {
                charter.secret(value);
            }
            Some(Credential::ClientCredentials {
                token_url,
                client_secret,
                ..
            }) => {
                charter.target(target(token_url, upstream));
                charter.secret(client_secret);
            }
        }
        let context = upstream.user_context.as_ref();
        if let Some(key) = context.and_then(|context| context.signed.as_ref()) {
            charter.secret(key);
        }
        charter.document(roots(&upstream.roots));
        if let Some(own) = &upstream.client_certificate {
            charter.document(Document::File(own.chain.clone()));
            // one that is no reference is refused when it is needed, as it was written
            if let Ok(key) = key(&own.key) {
                charter.secret(&key);
            }
        }
    }
    charter
}

/// `base`, as a part of `upstream`.
pub(super) fn target(base: &Base, upstream: &Upstream) -> Target<Networks> {
    Target {
        place: match base.host() {
            Host::Name(name) => Place::Name(name.clone()),
            Host::Address(address) => Place::Address(*address),
        },
        port: base.port(),
        policy: Networks(upstream.allow_addresses.clone()),
        lasting: false,
    }
}

/// Where the certificates are that may vouch.
pub(super) fn roots(roots: &Roots) -> Document {
    match roots {
        Roots::System => Document::Roots,
        Roots::File(file) => Document::File(file.clone()),
    }
}

/// Where the key of a client certificate is: one in a file gets the care of every other secret.
pub(super) fn key(key: &ClientKey) -> Result<SecretRef, Trouble> {
    match key {
        ClientKey::Secret(reference) => Ok(reference.clone()),
        ClientKey::File(file) => {
            let parsed = format!("file:{}", file.display()).parse::<SecretRef>();
            Ok(parsed.map_err(guard::broker::NotLoaded::from)?)
        }
    }
}

/// Why `base`, with these networks opened, was not reached.
pub(super) fn trouble(failure: Failure, base: &Base, networks: &Networks) -> Trouble {
    match failure {
        Failure::Resolve(kind) => Trouble::Resolve {
            host: base.host().to_string(),
            kind,
        },
        // the same rule says why, in words
        Failure::Shut(address) => match address::vet(address, &networks.0) {
            Err(shut) => Trouble::Blocked { address, shut },
            Ok(()) => Trouble::Own(address),
        },
        Failure::Own(address) => Trouble::Own(address),
        Failure::Connect(kind) => Trouble::Connect(kind),
        Failure::Busy => Trouble::Denied(guard::error::Denial::Busy),
        Failure::GivenUp => Trouble::Denied(guard::error::Denial::Cancelled),
        Failure::Unknown => Trouble::Permit("a host that was never declared"),
        Failure::Gone => Trouble::Gone(failure),
    }
}

/// Whether packets to `address` stay on this machine: then they would come from it as well.
/// Nothing is sent to find out.
fn is_own(address: IpAddr) -> bool {
    let from = match address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let route = || -> io::Result<_> {
        let socket = UdpSocket::bind((from, 0))?;
        socket.connect((address, 9))?;
        socket.local_addr()
    };
    // without a route it cannot be dialled either
    route().is_ok_and(|source| source.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::super::testing::upstream;
    use super::*;

    #[test]
    fn a_charter_holds_what_was_declared_and_no_secret() {
        let base = |text: &str| Base::parse(text).unwrap();
        let mut one = upstream(base("http://127.0.0.1:8080/v1"));
        let mut two = upstream(base("https://api.example.com/v2"));
        one.credential = Some(Credential::Bearer("file:/etc/a".parse().unwrap()));
        two.credential = Some(Credential::ClientCredentials {
            token_url: base("https://issuer.example.com/token"),
            client_id: "me".to_owned(),
            client_secret: "file:/etc/b".parse().unwrap(),
            scope: None,
            audience: None,
            shown: super::super::upstream::Shown::Header,
        });
        let third = Upstream {
            base: base("https://api.example.com/v3"),
            credential: Some(Credential::Bearer("env:TOKEN".parse().unwrap())),
            ..two.clone()
        };
        let charter = charter(&[one, two, third]);
        let places: Vec<&Place> = charter.targets.iter().map(|target| &target.place).collect();
        let name = |name: &str| Place::Name(name.to_owned());
        assert_eq!(
            places,
            [
                &Place::Address(Ipv4Addr::LOCALHOST.into()),
                &name("api.example.com"),
                &name("issuer.example.com"),
            ]
        );
        let expected = ["file:/etc/a", "file:/etc/b"].map(|text| text.parse().unwrap());
        assert_eq!(charter.secrets, expected);
        assert_eq!(charter.documents, [Document::Roots]);
        let text = serde_json::to_string(&charter).unwrap();
        assert_eq!(
            serde_json::from_str::<Charter<Networks>>(&text).unwrap(),
            charter
        );
        assert!(
            text.contains("127.0.0.0/8") && !text.contains("env:"),
            "{text}"
        );
    }

    #[test]
    fn o3_a_network_that_is_none_opens_nothing() {
        for odd in ["[\"127.0.0.0/33\"]", "[\"\"]", "[1]", "\"127.0.0.0/8\""] {
            assert!(serde_json::from_str::<Networks>(odd).is_err(), "{odd}");
        }
    }
}
