//! The configuration file as the operator writes it, and the roots that arguments add.
//!
//! # Invariants
//!
//! - A key that is not known is refused, so a misspelt rule cannot go unnoticed.
//! - A limit is configured downwards only.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use guard::config::ByteLimit;
use guard::config::Common;
use guard::config::ConfigError;
use guard::config::Limit;
use guard::config::Source;
use guard::config::Spanned;
use guard::label::Label;
use guard::label::Taxonomy;

use crate::scope::HardLinks;
use crate::scope::Root;
use crate::scope::Rule;
use crate::scope::Rules;
use crate::scope::Symlinks;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// `[guard]`: what all servers have in common.
    pub guard: Common,
    /// `[[roots]]`: what is opened.
    pub roots: Vec<RootConfig>,
    /// `[limits]`: how much one request may take.
    pub limits: Limits,
}

/// `[[roots]]`: one directory and how it is labelled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RootConfig {
    /// What clients call it.
    pub name: Spanned<String>,
    /// Where it is; relative to the configuration file.
    pub path: PathBuf,
    /// The label of what no rule covers. Without one it is the default for unlabelled data.
    pub label: Option<Spanned<String>>,
    /// Whether its content is the operator's own. Otherwise it is declared untrusted.
    #[serde(default)]
    pub trusted: bool,
    /// Whether what is mounted below it belongs to it.
    #[serde(default)]
    pub mounts: bool,
    /// Whether symbolic links are followed.
    #[serde(default)]
    pub symlinks: Symlinks,
    /// Whether files that have a second name, perhaps outside, may be read.
    #[serde(default)]
    pub hard_links: HardLinks,
    /// Whether the disk takes `A` and `a` for one name. Without this the root's disk is asked.
    pub fold_case: Option<bool>,
    /// `[[roots.label-rules]]`: labels of parts of it.
    #[serde(default)]
    pub label_rules: Vec<LabelRule>,
}

/// `[[roots.label-rules]]`: one label for what some globs match and all beneath it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LabelRule {
    /// Globs relative to the root.
    pub paths: Spanned<Vec<String>>,
    /// The label of the content.
    pub label: Spanned<String>,
    /// The label of names, sizes and times, where those may be seen by more readers.
    pub visible: Option<Spanned<String>>,
}

/// `[limits]`: the most that one request may take.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Bytes of text in one answer.
    pub text_bytes: ByteLimit<{ 256 << 10 }>,
    /// Bytes of base64 in one answer.
    pub base64_bytes: ByteLimit<{ 5 << 20 }>,
    /// Lines of text in one answer.
    pub lines: Limit<2000>,
    /// Entries on one page of a list.
    pub entries: Limit<1000>,
    /// Matches on one page of a search.
    pub matches: Limit<200>,
    /// Seconds of one search.
    pub search_seconds: Limit<5>,
    /// Entries that one walk looks at.
    pub walk_entries: Limit<1_000_000>,
    /// File operations at a time.
    pub file_operations: Limit<8>,
}

/// A root as an argument names it: `DIR` or `NAME=DIR`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RootArgument {
    /// What clients shall call it; without one, the last part of its path.
    pub name: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

impl RootArgument {
    /// Reads `DIR` or `NAME=DIR`. A directory with `=` in its name is written `./a=b`.
    #[must_use]
    pub fn parse(text: &OsStr) -> Self {
        let bytes = text.as_bytes();
        let split = bytes.iter().position(|&b| b == b'=');
        let named = split.and_then(|at| {
            let name = std::str::from_utf8(bytes.get(..at)?).ok()?;
            is_name(name).then(|| (name.to_owned(), bytes.get(at + 1..).unwrap_or_default()))
        });
        match named {
            Some((name, path)) => Self {
                name: Some(name),
                path: PathBuf::from(OsStr::from_bytes(path)),
            },
            None => Self {
                name: None,
                path: PathBuf::from(OsString::from(text)),
            },
        }
    }
}

/// Whether clients can call a root so: a plain word that needs no escape in a path or a URI.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(fine) && !name.bytes().all(|b| b == b'.')
}

impl RootConfig {
    /// The pure half of the root: its name, its rules, its switches.
    ///
    /// # Errors
    ///
    /// The place of a label or pattern that cannot be used.
    pub fn rules(
        &self,
        source: &Source,
        known: &Taxonomy,
        unlabelled: Label,
        folds: bool,
    ) -> Result<Root, ConfigError> {
        if !is_name(self.name.get_ref()) {
            return Err(source.error_at(self.name.span(), INVALID_NAME));
        }
        let label = |text: &Spanned<String>| {
            let parsed = known.parse(text.get_ref());
            parsed.map_err(|why| source.error_at(text.span(), why))
        };
        let default = self.label.as_ref().map(label).transpose()?;
        let default = default.unwrap_or(unlabelled);
        let mut rules = Vec::with_capacity(self.label_rules.len());
        for rule in &self.label_rules {
            rules.push(Rule {
                paths: rule.paths.get_ref().clone(),
                label: label(&rule.label)?,
                visible: rule.visible.as_ref().map(label).transpose()?,
            });
        }
        let rules = Rules::new(default, &rules, folds).map_err(|(at, why)| {
            let rule = self.label_rules.get(at);
            let place = rule.map_or(self.name.span(), |rule| rule.paths.span());
            source.error_at(place, why)
        })?;
        Ok(Root {
            name: self.name.get_ref().clone(),
            rules,
            label: default,
            trusted: self.trusted,
            mounts: self.mounts,
            symlinks: self.symlinks,
            hard_links: self.hard_links,
            folds,
        })
    }

    /// The place of its name in the file.
    #[must_use]
    pub fn place(&self) -> std::ops::Range<usize> {
        self.name.span()
    }

    /// Where it is, as seen from the configuration file.
    #[must_use]
    pub fn resolved(&self, source: &Source) -> PathBuf {
        source.resolve(&self.path)
    }
}

/// The name of a root that was given without one: the last part of `path`, with `-` for what a
/// name cannot have (`My Docs` is served as `My-Docs`).
#[must_use]
pub fn name_of(path: &Path) -> Option<String> {
    let last = path.file_name()?.to_str()?;
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = last
        .chars()
        .map(|c| if fine(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches('-');
    (is_name(name) && last.contains(|c: char| c.is_ascii_alphanumeric())).then(|| name.to_owned())
}

pub(crate) const INVALID_NAME: &str =
    "the name of a root is 1 to 64 of `A-Z a-z 0-9 - _ .`, and not only dots";
