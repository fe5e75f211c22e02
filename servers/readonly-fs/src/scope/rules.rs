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

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::Candidate;
use globset::GlobBuilder;
use globset::GlobSet;
use globset::GlobSetBuilder;
use guard::label::Clearance;
use guard::label::Label;
use unicode_normalization::UnicodeNormalization;

/// What an entry is. Nothing else is ever opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// One rule as configured, its labels parsed.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The globs of what it covers, relative to the root.
    pub paths: Vec<String>,
    /// The label of the content.
    pub label: Label,
    /// The label of the name, where that is another.
    pub visible: Option<Label>,
}

/// Why a rule cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidRule {
    /// It would match nothing, or more than it seems to.
    #[error(
        "a pattern is relative to its root: no empty, `.` or `..` part, no slash at either end"
    )]
    Relative,
    /// Too long or too many alternatives.
    #[error("a pattern has at most {MAX_GLOB} bytes and {MAX_BRACES} braces")]
    TooLarge,
    /// Too many.
    #[error("a root has at most {MAX_RULES} patterns")]
    TooMany,
    /// Not a glob.
    #[error("not a glob: check its brackets and braces")]
    Syntax,
    /// Names would be more secret than what they name.
    #[error("`visible` must not be above the rule's label")]
    Visible,
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
    /// Compiles `rules` for a root labelled `default`, whose disk folds case if `fold`.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] with the position of the rule it is about.
    pub fn new(default: Label, rules: &[Rule], fold: bool) -> Result<Self, (usize, InvalidRule)> {
        let mut built = Self {
            globs: GlobSet::empty(),
            composed: GlobSet::empty(),
            says: Vec::new(),
            patterns: Vec::new(),
            default: Marks {
                content: default,
                name: default,
            },
            passages: HashMap::new(),
            fold,
        };
        let (mut set, mut composed) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for (at, rule) in rules.iter().enumerate() {
            let says = marks(rule).map_err(|why| (at, why))?;
            for pattern in &rule.paths {
                built
                    .add(&mut set, &mut composed, pattern, says)
                    .map_err(|why| (at, why))?;
            }
        }
        built.globs = set.build().map_err(|_| (0, InvalidRule::TooLarge))?;
        built.composed = if built.patterns.iter().all(|pattern| pattern.is_ascii()) {
            built.globs.clone()
        } else {
            composed.build().map_err(|_| (0, InvalidRule::TooLarge))?
        };
        built.add_passages(rules);
        Ok(built)
    }

    fn add(
        &mut self,
        set: &mut GlobSetBuilder,
        composed: &mut GlobSetBuilder,
        pattern: &str,
        says: Marks,
    ) -> Result<(), InvalidRule> {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if !pattern.split('/').all(plain) {
            return Err(InvalidRule::Relative);
        }
        let folded = self.folded(pattern.as_bytes());
        let folded = std::str::from_utf8(&folded).map_err(|_| InvalidRule::Syntax)?;
        // what covers all that is in a directory covers the directory
        let whole = folded.strip_suffix("/**");
        for glob in whole.into_iter().chain([folded]) {
            set.add(compile(glob)?);
            composed.add(compile(&glob.nfc().collect::<String>())?);
            self.says.push(says);
            self.patterns.push(pattern.to_owned());
        }
        if self.says.len() > 2 * MAX_RULES {
            return Err(InvalidRule::TooMany);
        }
        Ok(())
    }

    fn add_passages(&mut self, rules: &[Rule]) {
        for rule in rules {
            let name = rule.visible.unwrap_or(rule.label);
            for pattern in &rule.paths {
                let mut way = Vec::new();
                for part in pattern.split('/') {
                    // rules that cover the way cover what it leads to
                    let covered = self.covered_with_parents(&way).map(|marks| marks.name);
                    let label = covered.map_or(name, |above| above.join(name));
                    let labels = self.passages.entry(way.clone()).or_default();
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                    if part.contains(['*', '?', '[', '{', '\\']) {
                        break;
                    }
                    if !way.is_empty() {
                        way.push(b'/');
                    }
                    way.extend_from_slice(&self.folded(part.as_bytes()));
                }
            }
        }
    }

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

fn marks(rule: &Rule) -> Result<Marks, InvalidRule> {
    let name = rule.visible.unwrap_or(rule.label);
    if name.flows_to(Clearance::up_to(rule.label)) {
        Ok(Marks {
            content: rule.label,
            name,
        })
    } else {
        Err(InvalidRule::Visible)
    }
}

/// Compiles one glob. `*` stays within a name, `**` does not.
pub(crate) fn compile(pattern: &str) -> Result<globset::Glob, InvalidRule> {
    let braces = pattern.bytes().filter(|&b| b == b'{').count();
    if pattern.len() > MAX_GLOB || braces > MAX_BRACES {
        return Err(InvalidRule::TooLarge);
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|_| InvalidRule::Syntax)
}

/// The most bytes of a glob.
pub(crate) const MAX_GLOB: usize = 256;
/// The most alternatives of a glob.
pub(crate) const MAX_BRACES: usize = 8;
const MAX_RULES: usize = 1024;
