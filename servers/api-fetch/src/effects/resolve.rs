//! Finds the addresses of a host, and lets through none that may not be dialled.
//!
//! # Invariants
//!
//! - All answers are vetted, and one bad one refuses the lot: a name that leads to two places is
//!   not a name of the place that was meant.
//! - An address never reaches the resolver.
//! - What is given back is what was vetted; nothing is resolved twice.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::pin::Pin;

use ipnet::IpNet;

use super::base::Base;
use super::base::Host;
use super::trouble::Trouble;
use crate::address;

/// Turns names into addresses.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// All addresses of `host`, in the order in which they should be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> Answers<'a>;
}

/// What a resolver will have found.
pub type Answers<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// The resolver of the system, as its configuration says.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Resolve for System {
    fn resolve<'a>(&'a self, host: &'a str) -> Answers<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The addresses of `base` that may be dialled.
pub(super) async fn addresses(
    base: &Base,
    resolver: &dyn Resolve,
    allowed: &[IpNet],
) -> Result<Vec<SocketAddr>, Trouble> {
    let found = match base.host() {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let failed = |kind| Trouble::Resolve {
                host: name.clone(),
                kind,
            };
            let found = resolver.resolve(name).await;
            let found = found.map_err(|error| failed(error.kind()))?;
            if found.is_empty() {
                return Err(failed(io::ErrorKind::NotFound));
            }
            found
        }
    };
    for address in &found {
        let refused = |shut| Trouble::Blocked {
            address: *address,
            shut,
        };
        address::vet(*address, allowed).map_err(refused)?;
        if !address::is_named(*address, allowed) && is_own(*address) {
            return Err(Trouble::Own(*address));
        }
    }
    let found = found.into_iter().take(MOST);
    Ok(found.map(|ip| SocketAddr::new(ip, base.port())).collect())
}

/// Whether packets to `address` stay on this machine: then they would come from it as well.
/// Nothing is sent to find out.
fn is_own(address: IpAddr) -> bool {
    let from = match address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let route = || {
        let socket = UdpSocket::bind((from, 0))?;
        socket.connect((address, 9))?;
        socket.local_addr()
    };
    // without a route it cannot be dialled either
    route().is_ok_and(|source| source.ip() == address)
}

/// How many addresses of one name are tried.
const MOST: usize = 6;
