//! The text that says which PostgreSQL server to connect to, as whom, and how safely.
//!
//! It is read as libpq reads it: `postgres://user@host:5432/crm?sslmode=verify-full`, or
//! `host=... dbname=...`. Pure: nothing is looked up and nothing is opened.
//!
//! # Invariants
//!
//! - A [`Target`] holds no password: a text with one in it is refused.
//! - No error repeats anything of the text.
//! - Where no `sslmode` is written, a host that is not this machine is spoken to by TLS alone,
//!   and must prove its name.

mod pairs;

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use guard::config;
use serde::Deserialize;
use serde::Deserializer;

use pairs::Pairs;

/// Where to connect to, and as whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The servers, tried in this order. Never empty.
    pub hosts: Vec<Host>,
    /// The role; that of the operating system's user where none is written.
    pub user: Option<String>,
    /// The database; named as the role where none is written.
    pub database: Option<String>,
    /// What `application_name` the server is told.
    pub application: Option<String>,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Which of the servers will do.
    pub attributes: Attributes,
    /// Whether the password is bound to the TLS connection.
    pub binding: Binding,
    /// Who may sign the server's certificate.
    pub roots: Roots,
    /// The certificate that this side shows, and the file of its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// One server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host {
    /// Where it listens.
    pub place: Place,
    /// Its port; also a part of a socket's name.
    pub port: u16,
    /// What TLS must prove.
    pub tls: SslMode,
}

/// Where a server listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A host name or address.
    Tcp(String),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

/// How far the server must be known before it is spoken to. As libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server has it; nothing is verified.
    Prefer,
    /// TLS; nothing is verified.
    Require,
    /// TLS, with a certificate of a known authority.
    VerifyCa,
    /// TLS, with a certificate of a known authority for the host's name.
    VerifyFull,
}

/// Whether the password is bound to the TLS connection. As libpq's `channel_binding`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Binding {
    /// Never.
    Disable,
    /// If the server can.
    #[default]
    Prefer,
    /// Or there is no connection.
    Require,
}

/// Which servers will do. As libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Attributes {
    /// All.
    #[default]
    Any,
    /// One that takes writes: `read-write` or `primary`.
    Primary,
    /// One that takes none: `read-only` or `standby`.
    Standby,
}

/// Who may sign the server's certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// Why a text says no [`Target`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unusable {
    /// It has a password in it.
    #[error("a connection without a password in it: name its place by `password = \"env:NAME\"`")]
    Password,
    /// It has `options`.
    #[error("a connection without `options`: what a session needs is set by the server itself")]
    Options,
    /// It is neither a URL nor a list of words.
    #[error("`postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full`, or `host=HOST dbname=...`")]
    Form,
    /// A parameter is not one that is known here.
    #[error(
        "no other parameters than host, port, user, dbname, sslmode, sslrootcert, sslcert, sslkey, \
         channel_binding, connect_timeout, application_name and target_session_attrs"
    )]
    Parameter,
    /// No host.
    #[error("a host, or the directory of a socket, in the connection")]
    Host,
    /// A port is none.
    #[error("a port of 1 to 65535 for each host, or one for all")]
    Port,
    /// `sslmode` is none that is offered.
    #[error("`sslmode` disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// `sslmode=allow`.
    #[error("an `sslmode` other than `allow`, which speaks in the clear where it can")]
    Allow,
    /// Any public authority could sign for any name.
    #[error("`sslmode=verify-full` with the system's authorities, or an `sslrootcert` file")]
    WeakRoots,
    /// `sslcert` without `sslkey`, or the other way round.
    #[error("`sslcert` and `sslkey` together")]
    Certificate,
    /// `channel_binding` is none.
    #[error("`channel_binding` disable, prefer or require")]
    Binding,
    /// Channel binding needs TLS.
    #[error("`channel_binding=require` with TLS alone")]
    BindingInTheClear,
    /// `target_session_attrs` is none that is offered.
    #[error("`target_session_attrs` any, read-write, read-only, primary or standby")]
    Attributes,
    /// `connect_timeout` is none.
    #[error("`connect_timeout` in seconds, 1 to 300")]
    Timeout,
    /// A name is too long, or has characters that no name has.
    #[error("names of at most 63 bytes without control characters")]
    Name,
}

impl FromStr for Target {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        let pairs = Pairs::read(text)?;
        let one = |name: &str| pairs.last(name).map(str::to_owned);
        let roots = match pairs.last("sslrootcert") {
            None | Some("system") => Roots::System,
            Some(file) => Roots::File(PathBuf::from(file)),
        };
        let certificate = match (pairs.last("sslcert"), pairs.last("sslkey")) {
            (None, None) => None,
            (Some(chain), Some(key)) => Some((chain.into(), key.into())),
            _ => return Err(Unusable::Certificate),
        };
        let target = Self {
            hosts: hosts(&pairs, &roots)?,
            user: one("user"),
            database: one("dbname"),
            application: one("application_name"),
            connect_timeout: pairs
                .last("connect_timeout")
                .map_or(Ok(PATIENCE), seconds)?,
            attributes: pairs
                .last("target_session_attrs")
                .map_or(Ok(Attributes::Any), attributes)?,
            binding: pairs
                .last("channel_binding")
                .map_or(Ok(Binding::Prefer), binding)?,
            roots,
            certificate,
        };
        let names = [&target.user, &target.database, &target.application];
        if !names.into_iter().flatten().all(|name| is_name(name)) {
            return Err(Unusable::Name);
        }
        let encrypted = |host: &Host| !matches!(host.tls, SslMode::Disable);
        if target.binding == Binding::Require && !target.hosts.iter().all(encrypted) {
            return Err(Unusable::BindingInTheClear);
        }
        Ok(target)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from).map_err(|_| Unusable::Form);
        let read = text.and_then(|text| text.parse());
        read.map_err(|error: Unusable| config::expected(&error.to_string()))
    }
}

/// For the operator: where and as whom, nothing more.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(Host::to_string).collect();
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&hosts.join(","))?;
        match &self.database {
            Some(database) => write!(f, " ({database})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Tcp(name) => write!(f, "{name}:{}", self.port),
            Place::Socket(directory) => write!(f, "{}:{}", directory.display(), self.port),
        }
    }
}

fn hosts(pairs: &Pairs, roots: &Roots) -> Result<Vec<Host>, Unusable> {
    let names: Vec<&str> = pairs
        .last("host")
        .ok_or(Unusable::Host)?
        .split(',')
        .collect();
    let ports: Vec<&str> = pairs.last("port").unwrap_or("").split(',').collect();
    if ports.len() != 1 && ports.len() != names.len() {
        return Err(Unusable::Port);
    }
    let written = pairs.last("sslmode").map(ssl_mode).transpose()?;
    let ports = ports.iter().cycle();
    let each = names.into_iter().zip(ports);
    each.map(|(name, port)| host(name, port, written, roots))
        .collect()
}

fn host(name: &str, port: &str, mode: Option<SslMode>, roots: &Roots) -> Result<Host, Unusable> {
    let port = match port {
        "" => DEFAULT_PORT,
        port => port.parse().map_err(|_| Unusable::Port)?,
    };
    if port == 0 {
        return Err(Unusable::Port);
    }
    if name.starts_with('/') {
        let place = Place::Socket(Path::new(name).to_owned());
        let tls = SslMode::Disable;
        return Ok(Host { place, port, tls });
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '%' | '\\');
    if name.is_empty() || name.contains(odd) {
        return Err(Unusable::Host);
    }
    let tls = match (mode, roots) {
        (Some(SslMode::VerifyCa), Roots::System) => return Err(Unusable::WeakRoots),
        // As libpq has it: a root certificate that is there is used.
        (Some(SslMode::Require), Roots::File(_)) => SslMode::VerifyCa,
        (Some(mode), _) => mode,
        (None, _) if is_loopback(name) => SslMode::Prefer,
        (None, _) => SslMode::VerifyFull,
    };
    let place = Place::Tcp(name.to_owned());
    Ok(Host { place, port, tls })
}

/// Judged by the name alone, so that nobody's name server has a say in it.
fn is_loopback(name: &str) -> bool {
    let address = name.parse::<std::net::IpAddr>();
    address.map_or(name.eq_ignore_ascii_case("localhost"), |ip| {
        ip.is_loopback()
    })
}

fn ssl_mode(word: &str) -> Result<SslMode, Unusable> {
    Ok(match word {
        "disable" => SslMode::Disable,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        "allow" => return Err(Unusable::Allow),
        _ => return Err(Unusable::SslMode),
    })
}

fn binding(word: &str) -> Result<Binding, Unusable> {
    Ok(match word {
        "disable" => Binding::Disable,
        "prefer" => Binding::Prefer,
        "require" => Binding::Require,
        _ => return Err(Unusable::Binding),
    })
}

fn attributes(word: &str) -> Result<Attributes, Unusable> {
    Ok(match word {
        "any" => Attributes::Any,
        "read-write" | "primary" => Attributes::Primary,
        "read-only" | "standby" => Attributes::Standby,
        _ => return Err(Unusable::Attributes),
    })
}

fn seconds(word: &str) -> Result<Duration, Unusable> {
    let seconds = word.parse().map_err(|_| Unusable::Timeout)?;
    let fits = (1..=300).contains(&seconds);
    fits.then(|| Duration::from_secs(seconds))
        .ok_or(Unusable::Timeout)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 63 && !name.contains(char::is_control)
}

const DEFAULT_PORT: u16 = 5432;
/// For one attempt to connect, where nothing else is written.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
