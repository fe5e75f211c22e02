//! Reads configuration files: TOML in, a type out, or the place and the reason why not.
//!
//! # Invariants
//!
//! - An error says where (`PATH:LINE:COLUMN`) and why, and holds nothing of what the file says:
//!   neither its lines nor its keys nor its values. Somebody may have pasted a password anywhere.
//! - The file is opened once, is regular, and is at most 1 MiB; a FIFO does not hang the start.

mod amount;
mod common;
mod reason;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use serde::de;
use serde::de::DeserializeOwned;
use serde::de::Unexpected;

use crate::small_file::FileTrouble;
use crate::small_file::Links;
use crate::small_file::SmallFile;

pub use amount::ByteLimit;
pub use amount::Bytes;
pub use amount::Limit;
pub use amount::Seconds;
pub use common::AuditConfig;
pub use common::Common;
pub use common::Limits;
/// A value that knows its place in the file, for checks that come later: [`Source::error_at`].
pub use toml::Spanned;

/// The text of a configuration file and where it came from. `Debug` shows the path only.
#[derive(Clone)]
pub struct Source {
    path: PathBuf,
    text: String,
}

/// What is wrong with a configuration file, in one line that repeats nothing of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    path: PathBuf,
    place: Option<Place>,
    reason: String,
}

/// Counted from one; the column in characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    line: usize,
    column: usize,
}

impl Source {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a regular file, is larger than 1 MiB, is not UTF-8, or cannot be read.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let read = SmallFile::open(&path, Links::Follow).and_then(|file| file.read(MAX_BYTES));
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(FileTrouble::System(kind)) => {
                return Err(ConfigError::whole(path, format!("cannot be read: {kind}")));
            }
            Err(trouble) => {
                return Err(ConfigError::whole(path, format!("not read: {trouble}")));
            }
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(error) => {
                let (good, _) = bytes
                    .split_at_checked(error.valid_up_to())
                    .unwrap_or_default();
                let place = Place::after(&String::from_utf8_lossy(good));
                Err(ConfigError {
                    path,
                    place: Some(place),
                    reason: "not UTF-8 text".to_owned(),
                })
            }
        }
    }

    /// A source of `text`, for configuration that is not in a file; `path` is what errors say.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as a `T`.
    ///
    /// # Errors
    ///
    /// The first place where the text is not TOML, or not what a `T` needs.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            let span = error.span();
            let about = span.clone().and_then(|span| self.text.get(span));
            let reason = reason::of(error.message(), about.unwrap_or(&self.text));
            self.error_at(span.unwrap_or_default(), reason)
        })
    }

    /// An error at a place that [`Spanned::span`] told. `reason` must not repeat the value.
    pub fn error_at(&self, span: Range<usize>, reason: impl fmt::Display) -> ConfigError {
        // The end of the text counts as a place: that is where an unclosed string is noticed.
        let before = (0..=span.start.min(self.text.len())).rev();
        let before = before.map(|end| self.text.get(..end)).find_map(|text| text);
        ConfigError {
            path: self.path.clone(),
            place: Some(Place::after(before.unwrap_or_default())),
            reason: reason.to_string(),
        }
    }

    /// A path of the configuration, as seen from the configuration file.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        resolve(&self.path, path)
    }
}

/// A relative `path` in the file `base` is relative to the directory of `base`.
#[must_use]
pub fn resolve(base: &Path, path: &Path) -> PathBuf {
    base.parent().unwrap_or(Path::new("")).join(path)
}

/// For the `Deserialize` of a type: refuses a value and says `expected WHAT`.
///
/// Errors made this way are shown as they are. Other messages of a type are shown only if no word
/// of the refused value is in them, which also hides some that are harmless.
pub fn expected<E: de::Error>(what: &dyn fmt::Display) -> E {
    // INVARIANT: `what` is text of ours, without ", expected " in it.
    E::invalid_value(Unexpected::Other("this"), &Expected(what))
}

struct Expected<'a>(&'a dyn fmt::Display);

impl de::Expected for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ConfigError {
    fn whole(path: PathBuf, reason: String) -> Self {
        Self {
            path,
            place: None,
            reason,
        }
    }
}

impl Place {
    fn after(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self {
            line: text.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        one_line(f, &self.path.to_string_lossy())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        one_line(f, &self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// A path may hold anything; an error stays one line all the same.
fn one_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if c.is_control() {
            write!(f, "{}", c.escape_default())
        } else {
            fmt::Write::write_char(f, c)
        }
    })
}

/// More than any configuration that a person wrote.
const MAX_BYTES: usize = 1 << 20;

#[cfg(test)]
mod literals;
#[cfg(test)]
mod tests;
