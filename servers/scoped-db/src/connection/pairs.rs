//! Takes a connection text apart into names and values.
//!
//! # Invariants
//!
//! - Only names of [`KNOWN`] come out, and never a password.

use super::Unusable;

/// What stood in the text, in its order.
pub(super) struct Pairs(Vec<(&'static str, String)>);

impl Pairs {
    pub(super) fn read(text: &str) -> Result<Self, Unusable> {
        let schemes = ["postgres://", "postgresql://"];
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        match rest {
            Some(rest) => Self::of_url(rest),
            // Before anything else is said: what looks like a URL may end in a password.
            None if text.contains("://") => Err(Unusable::Form),
            None => Self::of_words(text),
        }
    }

    /// The value that was given last; an empty one is none.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        let given = self.0.iter().rev().find(|(known, _)| *known == name);
        given
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// `[user@]host[:port][,host...][/database][?name=value[&...]]`
    fn of_url(rest: &str) -> Result<Self, Unusable> {
        let mut pairs = Self(Vec::new());
        if rest.contains('#') {
            return Err(Unusable::Form);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        // The last one: a password may have another in it.
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (user, hosts),
            None => ("", authority),
        };
        if user.contains(':') {
            return Err(Unusable::Password);
        }
        // What follows an `@` here was meant to be a host, and what comes before a password.
        if database.contains(['@', '/']) || query.contains('@') {
            return Err(Unusable::Form);
        }
        pairs.put("user", decoded(user)?)?;
        pairs.put("dbname", decoded(database)?)?;
        if !hosts.is_empty() {
            let each = hosts.split(',').map(host_and_port);
            let each = each.collect::<Result<Vec<_>, _>>()?;
            let (hosts, ports): (Vec<_>, Vec<_>) = each.into_iter().unzip();
            pairs.put("host", hosts.join(","))?;
            pairs.put("port", ports.join(","))?;
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Unusable::Form)?;
            pairs.put(&decoded(name)?, decoded(value)?)?;
        }
        Ok(pairs)
    }

    /// `name = value`, with quotes around values that have spaces in them.
    fn of_words(text: &str) -> Result<Self, Unusable> {
        let mut pairs = Self(Vec::new());
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or(Unusable::Form)?;
            let (value, after) = value(after.trim_start())?;
            pairs.put(name.trim_end(), value)?;
            rest = after.trim_start();
        }
        Ok(pairs)
    }

    fn put(&mut self, name: &str, value: String) -> Result<(), Unusable> {
        match name {
            "password" | "passfile" | "sslpassword" => return Err(Unusable::Password),
            "options" => return Err(Unusable::Options),
            _ => {}
        }
        let known = KNOWN.iter().find(|known| **known == name);
        let known = known.ok_or(Unusable::Parameter)?;
        if value.contains('\0') {
            return Err(Unusable::Form);
        }
        self.0.push((known, value));
        Ok(())
    }
}

/// The value at the start of `text`, and what follows it.
fn value(text: &str) -> Result<(String, &str), Unusable> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        let before = chars.as_str();
        match chars.next() {
            Some('\\') => value.extend(chars.next()),
            Some('\'') if quoted => return Ok((value, chars.as_str())),
            Some(c) if !quoted && c.is_whitespace() => return Ok((value, before)),
            Some(c) => value.push(c),
            None if quoted => return Err(Unusable::Form),
            None => return Ok((value, "")),
        }
    }
}

fn host_and_port(text: &str) -> Result<(String, &str), Unusable> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(Unusable::Host)?;
        let port = match after {
            "" => "",
            after => after.strip_prefix(':').ok_or(Unusable::Port)?,
        };
        let known = address.parse::<std::net::Ipv6Addr>();
        let known = known.map_err(|_| Unusable::Host)?;
        return Ok((known.to_string(), port));
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    Ok((decoded(host)?, port))
}

/// With each `%XX` as the byte that it stands for.
fn decoded(text: &str) -> Result<String, Unusable> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit(), digit());
        let byte = high.zip(low).map(|(high, low)| high << 4 | low);
        let byte = byte.and_then(|byte| u8::try_from(byte).ok());
        bytes.push(byte.ok_or(Unusable::Form)?);
    }
    String::from_utf8(bytes).map_err(|_| Unusable::Form)
}

/// What may be given.
const KNOWN: &[&str] = &[
    "host",
    "port",
    "user",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
];
