//! Which label a path has, and whether a reader may know that it is there.
//!
//! # Invariants
//!
//! - What covers a directory covers everything beneath it: [`Rules::enter`] starts from the
//!   parent's marks and only joins.
//! - A path has a [`Standing`] only if every directory above it has one. Without a standing it
//!   does not exist for the reader.
//! - A rule covers a name in both forms in which Unicode may write its letters. Where only one
//!   of them is covered, no rule makes the label lower than the root's.
//! - More clearance never takes a standing away (property tests in `laws.rs`).

mod compile;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::Candidate;
use globset::GlobSet;
use guard::label::Clearance;
use guard::label::Label;
use unicode_normalization::UnicodeNormalization;

pub use self::compile::InvalidRule;
pub(crate) use self::compile::MAX_GLOB;
pub use self::compile::Rule;
pub(crate) use self::compile::compile;

/// What an entry is. Nothing else is ever opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// The rules of one root.
#[derive(Debug)]
pub struct Rules {
    globs: GlobSet,
    /// The same globs with their letters composed, for names that are not plain ASCII.
    composed: GlobSet,
    /// For each glob, what its rule says.
    says: Vec<Marks>,
    /// For each glob, how the operator wrote it.
    patterns: Vec<String>,
    /// What holds where no rule matches.
    default: Marks,
    /// Directories that lead to where a rule may match, and what their names are labelled for
    /// those who go there.
    passages: HashMap<Vec<u8>, Vec<Label>>,
    fold: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Marks {
    content: Label,
    name: Label,
}

impl Marks {
    const fn join(self, other: Self) -> Self {
        Self {
            content: self.content.join(other.content),
            name: self.name.join(other.name),
        }
    }
}

/// What a path is to one reader who may know of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The join of all rules that cover it; none if only the root's label does.
    covered: Option<Marks>,
    /// The label of what is in it; of a passage, that of its name.
    pub label: Label,
    /// The label of its name, size and times.
    pub name: Label,
    /// Whether the reader may have what is in it. Of a directory: may list it.
    pub readable: bool,
}

impl Standing {
    /// What is both this and `other`: one thing under two paths.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            covered: self.covered,
            label: self.label.join(other.label),
            name: self.name.join(other.name),
            readable: self.readable && other.readable,
        }
    }
}

impl Rules {
    /// The standing of the root itself.
    #[must_use]
    pub fn top(&self, clearance: Clearance) -> Option<Standing> {
        self.standing(b"", self.covered(b""), Kind::Directory, clearance)
    }

    /// The standing of `path`, whose parent directory stands as `above`.
    #[must_use]
    pub fn enter(
        &self,
        above: &Standing,
        path: &[u8],
        kind: Kind,
        clearance: Clearance,
    ) -> Option<Standing> {
        let covered = join(above.covered, self.covered(path));
        self.standing(path, covered, kind, clearance)
    }

    /// The standing of `path`, found from the top down.
    #[must_use]
    pub fn find(&self, path: &[u8], kind: Kind, clearance: Clearance) -> Option<Standing> {
        let mut standing = self.top(clearance)?;
        let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/');
        for (end, _) in ends {
            let above = path.get(..end)?;
            standing = self.enter(&standing, above, Kind::Directory, clearance)?;
        }
        if path.is_empty() {
            return Some(standing).filter(|_| kind == Kind::Directory);
        }
        self.enter(&standing, path, kind, clearance)
    }

    /// The label of `path` whoever asks, and whether a rule gave it.
    #[must_use]
    pub fn label(&self, path: &[u8]) -> (Label, bool) {
        let covered = self.covered_with_parents(path);
        let label = covered.map_or(self.default.content, |marks| marks.content);
        (label, covered.is_some())
    }

    /// The label of `path` whoever asks, and what gave it.
    #[must_use]
    pub fn explain(&self, path: &[u8]) -> (Label, String) {
        let mut why = Vec::new();
        for above in with_parents(path) {
            let folded = self.folded(above);
            let mut matching = self.globs.matches(Path::new(OsStr::from_bytes(&folded)));
            if let Some(other) = composed(&folded) {
                matching.extend(self.composed.matches(Path::new(OsStr::from_bytes(&other))));
                matching.sort_unstable();
            }
            for at in matching {
                if let Some(pattern) = self.patterns.get(at)
                    && !why.contains(pattern)
                {
                    why.push(pattern.clone());
                }
            }
        }
        let (label, _) = self.label(path);
        if why.is_empty() {
            (label, "the root's label".to_owned())
        } else {
            (label, why.join(", "))
        }
    }

    /// The most sensitive label that anything below the root can have.
    #[must_use]
    pub fn ceiling(&self) -> Label {
        self.says
            .iter()
            .fold(self.default.content, |top, says| top.join(says.content))
    }

    fn standing(
        &self,
        path: &[u8],
        covered: Option<Marks>,
        kind: Kind,
        clearance: Clearance,
    ) -> Option<Standing> {
        let marks = covered.unwrap_or(self.default);
        let flows = |label: &Label| label.flows_to(clearance);
        if flows(&marks.name) {
            return Some(Standing {
                covered,
                label: marks.content,
                name: marks.name,
                readable: kind == Kind::Directory || flows(&marks.content),
            });
        }
        if kind != Kind::Directory || self.passages.is_empty() {
            return None;
        }
        let labels = self.passages.get(self.folded(path).as_ref())?;
        let label = *labels.iter().find(|label| flows(label))?;
        Some(Standing {
            covered,
            label,
            name: label,
            readable: true,
        })
    }

    fn covered(&self, path: &[u8]) -> Option<Marks> {
        if self.globs.is_empty() {
            return None;
        }
        let folded = self.folded(path);
        let plain = self.said(&self.globs, &folded);
        match composed(&folded).map(|other| self.said(&self.composed, &other)) {
            // under one of its two spellings no rule covers it: then none may lower its label
            Some(other) if plain.is_some() != other.is_some() => {
                join(Some(self.default), join(plain, other))
            }
            Some(other) => join(plain, other),
            None => plain,
        }
    }

    fn said(&self, globs: &GlobSet, path: &[u8]) -> Option<Marks> {
        let matching = globs.matches_candidate(&Candidate::from_bytes(path));
        let says = matching.iter().filter_map(|&at| self.says.get(at).copied());
        says.reduce(Marks::join)
    }

    fn covered_with_parents(&self, path: &[u8]) -> Option<Marks> {
        with_parents(path)
            .map(|path| self.covered(path))
            .fold(None, join)
    }

    /// `path` as it is compared: where the disk takes two spellings for one name, so do we.
    fn folded<'a>(&self, path: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.fold {
            return Cow::Borrowed(path);
        }
        let mut folded = Vec::with_capacity(path.len());
        for chunk in path.utf8_chunks() {
            folded.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
            folded.extend_from_slice(chunk.invalid());
        }
        Cow::Owned(folded)
    }
}

/// `path` with its letters composed, if it is not plain ASCII. One letter may be written as one
/// character or as several (`é`, or `e` and an accent), and both look the same to people.
fn composed(path: &[u8]) -> Option<Vec<u8>> {
    if path.is_ascii() {
        return None;
    }
    let mut composed = Vec::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        composed.extend_from_slice(chunk.valid().nfc().collect::<String>().as_bytes());
        composed.extend_from_slice(chunk.invalid());
    }
    Some(composed)
}

/// The root, every directory above `path`, and `path`.
fn with_parents(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/');
    let parents = ends.filter_map(|(end, _)| path.get(..end));
    let own = Some(path).filter(|path| !path.is_empty());
    [b"".as_slice()].into_iter().chain(parents).chain(own)
}

fn join(a: Option<Marks>, b: Option<Marks>) -> Option<Marks> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.join(b)),
        (one, other) => one.or(other),
    }
}
