//! The files of AWS's own tools, `~/.aws/config` and `~/.aws/credentials`, and one profile of them.
//!
//! # Invariants
//!
//! - A file that others can change is refused, and one that others can read if it holds keys.
//! - A way to credentials that needs a program or a login is refused, never passed over.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::Mode;

use super::settings::utf8;
use super::sts::WebIdentity;
use crate::secret::Providers;
use crate::secret::Reach;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::small_file::FileTrouble;
use crate::small_file::Links;
use crate::small_file::SmallFile;

/// What the files say of one profile. Keys of `credentials` go before those of `config`.
#[derive(Debug, Default)]
pub(super) struct Profile {
    plain: BTreeMap<String, String>,
    key: Option<Arc<Secret>>,
    token: Option<Arc<Secret>>,
}

/// Who a profile is.
#[derive(Debug)]
pub(super) enum Who {
    Keys {
        id: String,
        key: Arc<Secret>,
        token: Option<Arc<Secret>>,
    },
    WebIdentity(WebIdentity),
}

/// Which of the two files.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Config,
    Credentials,
}

impl Profile {
    /// Reads it. A profile that was asked for must be there; that called `default` need not.
    pub(super) fn read(providers: &Providers) -> Result<Self, Trouble> {
        let named = utf8(providers.variable("AWS_PROFILE"))?;
        let name = named.as_deref().unwrap_or("default");
        let mut profile = Self::default();
        let mut found = false;
        for (kind, variable, usual) in FILES {
            let given = providers.variable(variable).map(PathBuf::from);
            let home = providers.variable("HOME").map(PathBuf::from);
            let Some(path) = given.clone().or_else(|| home.map(|home| home.join(usual))) else {
                continue;
            };
            match profile.add(kind, &path, name) {
                Ok(has) => found |= has,
                // A usual place may be empty, or shut to the user of a service.
                Err(FileOr::File(FileTrouble::System(_))) if given.is_none() => {}
                Err(FileOr::File(trouble)) => return Err(trouble.into()),
                Err(FileOr::Other(trouble)) => return Err(trouble),
            }
        }
        if named.is_some() && !found {
            return Err(NO_PROFILE);
        }
        Ok(profile)
    }

    /// One of its settings that are no secrets.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.plain.get(key).map(String::as_str)
    }

    /// Who it is, if it says so.
    pub(super) fn who(&self) -> Result<Option<Who>, Trouble> {
        if self.setting("credential_process").is_some() {
            return Err(PROCESS);
        }
        let is_login = |key: &String| key.starts_with("sso_") || key == "login_session";
        if self.plain.keys().any(is_login) {
            return Err(LOGIN);
        }
        let text = |key| self.setting(key).map(str::to_owned);
        match (text("role_arn"), text("web_identity_token_file")) {
            (Some(role), Some(file)) => {
                let session = text("role_session_name");
                return WebIdentity::new(role, file.into(), session)
                    .map(|who| Some(Who::WebIdentity(who)));
            }
            (None, None) => {}
            _ => return Err(ROLE),
        }
        match (text("aws_access_key_id"), self.key.clone()) {
            (Some(id), Some(key)) => {
                let token = self.token.clone();
                Ok(Some(Who::Keys { id, key, token }))
            }
            (None, None) => Ok(None),
            _ => Err(HALF),
        }
    }

    /// Adds what the file says of the profile, and whether it says anything.
    fn add(&mut self, kind: Kind, path: &Path, name: &str) -> Result<bool, FileOr> {
        let file = SmallFile::open(path, Links::Follow)?;
        let mode = file.mode();
        if mode.intersects(Mode::WGRP | Mode::WOTH) {
            return Err(FileOr::Other(Trouble::Exposed));
        }
        let bytes = file.read(MAX_BYTES)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| FileOr::Other(MALFORMED))?;
        let readable = mode.intersects(Mode::RGRP | Mode::ROTH);
        self.parse(kind, text, name, readable)
            .map_err(FileOr::Other)
    }

    /// INVARIANT: no error repeats a line.
    fn parse(
        &mut self,
        kind: Kind,
        text: &str,
        name: &str,
        readable: bool,
    ) -> Result<bool, Trouble> {
        let mut here = false;
        let mut found = false;
        let mut keys: Vec<String> = Vec::new();
        for line in text.lines() {
            // What is indented belongs to a setting that is a table of its own.
            if line.starts_with([' ', '\t', '#', ';']) || line.trim().is_empty() {
                continue;
            }
            if let Some(section) = line.trim_end().strip_prefix('[') {
                let section = section.split_once(']').ok_or(MALFORMED)?.0;
                here = kind.names(section, name);
                found |= here;
                continue;
            }
            let (key, value) = line.split_once('=').ok_or(MALFORMED)?;
            if !here {
                continue;
            }
            let key = key.trim().to_ascii_lowercase();
            let value = without_comment(value).trim();
            if keys.contains(&key) {
                return Err(TWICE);
            }
            keys.push(key.clone());
            if !value.is_empty() {
                self.take(&key, value, readable)?;
            }
        }
        Ok(found)
    }

    fn take(&mut self, key: &str, value: &str, readable: bool) -> Result<(), Trouble> {
        let secret = match key {
            "aws_secret_access_key" => &mut self.key,
            "aws_session_token" => &mut self.token,
            _ => {
                // What came from the file that was read first counts.
                let entry = self.plain.entry(key.to_owned());
                entry.or_insert_with(|| value.to_owned());
                return Ok(());
            }
        };
        if readable {
            return Err(Trouble::Exposed);
        }
        if secret.is_none() {
            *secret = Some(Arc::new(Secret::new(value)?));
        }
        Ok(())
    }
}

impl Kind {
    /// Whether the section is that of the profile.
    fn names(self, section: &str, name: &str) -> bool {
        let section = section.trim();
        match (self, section.split_once([' ', '\t'])) {
            (Self::Credentials, None) => section == name,
            (Self::Config, None) => section == "default" && name == "default",
            (Self::Config, Some(("profile", of))) => of.trim() == name,
            (Self::Credentials | Self::Config, Some(_)) => false,
        }
    }
}

/// What reading the files takes.
pub(super) fn reach(providers: &Providers) -> Reach {
    let files = FILES.iter().filter_map(|(_, variable, usual)| {
        let given = providers.variable(variable).map(PathBuf::from);
        let home = providers.variable("HOME").map(PathBuf::from);
        given.or_else(|| home.map(|home| home.join(usual)))
    });
    files.fold(Reach::default(), |reach, file| {
        reach.and(Reach::file(&file))
    })
}

enum FileOr {
    File(FileTrouble),
    Other(Trouble),
}

impl From<FileTrouble> for FileOr {
    fn from(trouble: FileTrouble) -> Self {
        Self::File(trouble)
    }
}

/// A comment begins with a blank and a sign.
fn without_comment(value: &str) -> &str {
    let starts = [" #", " ;", "\t#", "\t;"];
    let first = starts.iter().filter_map(|start| value.find(start)).min();
    first.and_then(|at| value.get(..at)).unwrap_or(value)
}

/// More than anybody's.
const MAX_BYTES: usize = 1 << 20;

const FILES: [(Kind, &str, &str); 2] = [
    (
        Kind::Credentials,
        "AWS_SHARED_CREDENTIALS_FILE",
        ".aws/credentials",
    ),
    (Kind::Config, "AWS_CONFIG_FILE", ".aws/config"),
];

const MALFORMED: Trouble = Trouble::Unfit(
    "the files of AWS (config, credentials) have a line that is no [section], no key = value and no \
     comment",
);

const TWICE: Trouble =
    Trouble::Unfit("the profile of AWS has a key twice in one file: remove one of them");

const NO_PROFILE: Trouble = Trouble::Unfit(
    "AWS_PROFILE names a profile that is neither in ~/.aws/config (AWS_CONFIG_FILE) nor in \
     ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE)",
);

const PROCESS: Trouble = Trouble::Unfit(
    "the profile of AWS has a credential_process, and no program is started here: run it before and \
     hand over AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
);

const LOGIN: Trouble = Trouble::Unfit(
    "the profile of AWS needs a login (sso_..., login_session), and nobody logs in here: run `aws \
     configure export-credentials` before and hand over its variables, or use a web identity",
);

const ROLE: Trouble = Trouble::Unfit(
    "the profile of AWS has one of role_arn and web_identity_token_file without the other: here a role \
     is assumed by a web identity only (no source_profile, no credential_source)",
);

const HALF: Trouble = Trouble::Unfit(
    "the profile of AWS has one of aws_access_key_id and aws_secret_access_key without the other",
);

#[cfg(test)]
mod tests;
