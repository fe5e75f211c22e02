//! Decides which addresses may be dialled. Pure: nothing is resolved or dialled here.
//!
//! What is not plainly an address of the public Internet is shut, and so is every IPv6 address that
//! leads to an IPv4 address that is shut.
//!
//! # Invariants
//!
//! - An allowance opens what it names and nothing else: a network of one family opens nothing of
//!   the other, and an IPv6 network does not open the IPv4 address inside of its addresses.
//! - The metadata services of clouds open only to an allowance for that single address: a wide one
//!   was hardly meant for them.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use ipnet::IpNet;

/// Why an address is not dialled. For the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Shut(&'static str);

/// Whether `address` may be dialled, with what the operator allows beyond the public Internet.
///
/// # Errors
///
/// [`Shut`] with the kind of address that it is.
pub fn vet(address: IpAddr, allowed: &[IpNet]) -> Result<(), Shut> {
    if is_metadata(address) {
        return (allowed.iter().any(|net| is_only(*net, address)))
            .then_some(())
            .ok_or(METADATA);
    }
    let named = is_named(address, allowed);
    match address {
        IpAddr::V4(_) if named => Ok(()),
        IpAddr::V4(v4) => kind_of_v4(v4).map_or(Ok(()), |kind| Err(Shut(kind))),
        IpAddr::V6(v6) => vet_v6(v6, named, allowed),
    }
}

/// Whether an allowance names `address`.
#[must_use]
pub fn is_named(address: IpAddr, allowed: &[IpNet]) -> bool {
    allowed.iter().any(|net| net.contains(&address))
}

fn vet_v6(address: Ipv6Addr, named: bool, allowed: &[IpNet]) -> Result<(), Shut> {
    let (kind, inside) = match form_of(address) {
        Form::Plain => (kind_of_v6(address), [None, None]),
        Form::Transparent(inside) => (None, [Some(inside), None]),
        Form::Tunnel(kind, inside) => (Some(kind), inside),
    };
    for v4 in inside.into_iter().flatten() {
        vet(IpAddr::V4(v4), allowed)?;
    }
    match kind {
        Some(kind) if !named => Err(Shut(kind)),
        Some(_) | None => Ok(()),
    }
}

/// What an IPv6 address leads to.
enum Form {
    /// Itself.
    Plain,
    /// An IPv4 address, as a host in an IPv6 network reaches it.
    Transparent(Ipv4Addr),
    /// A tunnel to one of these, and what it is called. Nobody needs one today.
    Tunnel(&'static str, [Option<Ipv4Addr>; 2]),
}

fn form_of(address: Ipv6Addr) -> Form {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let last = Some(quad(g, h));
    match (a, b, c, d, e, f) {
        // `::` and `::1` have kinds of their own
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => Form::Tunnel("IPv4-compatible", [last, None]),
        (0, 0, 0, 0, 0, 0xffff) => Form::Transparent(quad(g, h)),
        (0, 0, 0, 0, 0xffff, 0) => Form::Tunnel("IPv4-translated", [last, None]),
        (0x64, 0xff9b, 0, 0, 0, 0) => Form::Transparent(quad(g, h)),
        // RFC 6052 lays it out in one way for /48 and in another for /96, and zeros are none
        (0x64, 0xff9b, 1, ..) => {
            let split = Some(around_the_eighth_byte(d, e, f)).filter(|v4| !v4.is_unspecified());
            let last = last.filter(|v4| !v4.is_unspecified());
            Form::Tunnel("local NAT64", [split, last])
        }
        // a server, and the bits of a client turned over
        (0x2001, 0, ..) => Form::Tunnel("Teredo", [Some(quad(c, d)), Some(quad(!g, !h))]),
        (0x2002, ..) => Form::Tunnel("6to4", [Some(quad(b, c)), None]),
        (_, _, _, _, 0 | 0x0200, 0x5efe) => Form::Tunnel("ISATAP", [last, None]),
        _ => Form::Plain,
    }
}

const fn quad(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

const fn around_the_eighth_byte(d: u16, e: u16, f: u16) -> Ipv4Addr {
    let ([a, b], [_, c], [last, _]) = (d.to_be_bytes(), e.to_be_bytes(), f.to_be_bytes());
    Ipv4Addr::new(a, b, c, last)
}

/// What it is beside an address of the public Internet, if it is.
fn kind_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let kind = match address.octets() {
        [0, ..] => "unspecified",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        [100, 64..=127, ..] => "carrier-grade NAT",
        [127, ..] => "loopback",
        [169, 254, ..] => "link-local",
        [192, 0, 0, _] => "protocol assignment",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [192, 88, 99, _] => "6to4 relay",
        [198, 18..=19, ..] => "benchmarking",
        [224..=239, ..] => "multicast",
        [255, 255, 255, 255] => "broadcast",
        [240..=255, ..] => "reserved",
        _ => return None,
    };
    Some(kind)
}

fn kind_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    let kind = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        [0xfc00..=0xfdff, ..] => "unique local",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfec0..=0xfeff, ..] => "site-local",
        [0xff00..=0xffff, ..] => "multicast",
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => "documentation",
        [0x2001, 0x0002, 0, ..] => "benchmarking",
        [0x2001, 0..=0x01ff, ..] => "protocol assignment",
        [0x2000..=0x3fff, ..] => return None,
        _ => "reserved",
    };
    Some(kind)
}

fn is_metadata(address: IpAddr) -> bool {
    METADATA_V4
        .iter()
        .any(|known| IpAddr::V4(*known) == address)
        || METADATA_V6
            .iter()
            .any(|known| IpAddr::V6(*known) == address)
}

fn is_only(net: IpNet, address: IpAddr) -> bool {
    net.prefix_len() == net.max_prefix_len() && net.addr() == address
}

const METADATA: Shut = Shut("metadata of a cloud");

/// EC2 and most others, ECS, EKS, Scaleway, Azure, Alibaba, Oracle.
const METADATA_V4: [Ipv4Addr; 7] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(169, 254, 42, 42),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// EC2, EKS, Google, Scaleway, OpenStack.
const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

#[cfg(test)]
mod tests;
