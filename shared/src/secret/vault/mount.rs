//! Where an engine is mounted, and what kind it is.

use super::ABSENT;
use super::DENIED;
use super::MALFORMED;
use super::Object;
use super::Session;
use super::Trouble;

/// An engine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mount {
    /// With the slash at its end.
    path: String,
    pub(super) kind: Kind,
}

/// How what it gives is to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A key-value store that keeps one version.
    Plain,
    /// A key-value store that keeps several.
    Versioned,
    /// Another engine: what it gives has a lease.
    Other,
}

impl Mount {
    /// The path of the API.
    pub(super) fn target(&self, path: &str) -> Result<String, Trouble> {
        let inner = path.strip_prefix(&self.path).ok_or(MALFORMED)?;
        let Self { path: mount, kind } = self;
        Ok(match kind {
            Kind::Versioned => format!("{mount}data/{inner}"),
            Kind::Plain | Kind::Other => format!("{mount}{inner}"),
        })
    }
}

impl Session {
    /// The engine that answers for `path`. `version` is the operator's word for it: then nobody is
    /// asked, and the mount is the first part of the path.
    pub(super) fn mount(&mut self, path: &str, version: Option<u8>) -> Result<Mount, Trouble> {
        let known = self
            .mounts
            .iter()
            .find(|mount| path.starts_with(&mount.path));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let mount = match version {
            Some(version) => {
                let (mount, _) = path.split_once('/').ok_or(MALFORMED)?;
                Mount {
                    path: format!("{mount}/"),
                    kind: kind("kv", version == 2),
                }
            }
            None => self.find(path)?,
        };
        self.mounts.push(mount.clone());
        Ok(mount)
    }

    fn find(&mut self, path: &str) -> Result<Mount, Trouble> {
        let target = format!("sys/internal/ui/mounts/{path}");
        let answer = self.ask("GET", &target, None);
        // It does not tell whether there is such a mount.
        let answer = answer.map_err(|trouble| {
            if matches!(trouble, DENIED | ABSENT) {
                NO_MOUNT
            } else {
                trouble
            }
        })?;
        let document = Object::parse(&answer.body)?;
        let data = document.object("data")?;
        let text = |name: &str| {
            let text = data.text(name).map(|text| text.to_vec());
            text.ok().and_then(|text| String::from_utf8(text).ok())
        };
        let mount = text("path").ok_or(MALFORMED)?;
        if !mount.ends_with('/') || !path.starts_with(&mount) {
            return Err(MALFORMED);
        }
        let version = data
            .object("options")
            .and_then(|options| options.text("version"));
        let versioned = version.is_ok_and(|version| *version == *b"2");
        Ok(Mount {
            path: mount,
            kind: kind(&text("type").ok_or(MALFORMED)?, versioned),
        })
    }
}

fn kind(engine: &str, versioned: bool) -> Kind {
    match engine {
        "kv" | "generic" | "cubbyhole" if versioned => Kind::Versioned,
        "kv" | "generic" | "cubbyhole" => Kind::Plain,
        _ => Kind::Other,
    }
}

pub(super) const NO_MOUNT: Trouble = Trouble::Refused {
    status: 403,
    remedy: "no engine is mounted there that the token may use: look at the path, the namespace and \
             the policy, or set `kv-version`",
};
