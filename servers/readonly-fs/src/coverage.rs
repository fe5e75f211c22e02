//! Tells the operator which files fall under which label, and which cannot be read at all.
//!
//! This is the one place that walks by path: what the operator runs may see all of it, and no
//! caller ever gets here.

#![expect(
    clippy::disallowed_methods,
    reason = "the operator's own look at the operator's own files"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use walkdir::DirEntry;
use walkdir::WalkDir;

use guard::label::Taxonomy;

use crate::effects::Handle;
use crate::scope::HardLinks;
use crate::scope::Root;
use crate::scope::Symlinks;
use crate::scope::spelling;
use crate::server::ReadonlyFs;

/// What the labels of one root cover.
#[derive(Debug)]
pub struct Coverage {
    /// The root's name.
    pub root: String,
    /// For each label, how many files have it and how many bytes they hold.
    pub labels: BTreeMap<String, Share>,
    /// Files that no rule covers: they have the root's label.
    pub uncovered: Share,
    /// What is never read, by the reason; of each reason some examples.
    pub refused: BTreeMap<&'static str, Examples>,
    /// Places that this user cannot look into.
    pub unreadable: u64,
}

/// So many files of so many bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Share {
    /// How many.
    pub files: u64,
    /// Together.
    pub bytes: u64,
}

/// How many there are, and the first of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Examples {
    /// How many.
    pub count: u64,
    /// Spelled for a terminal.
    pub first: Vec<String>,
}

impl ReadonlyFs {
    /// Looks at every file of every root. May take long.
    #[must_use]
    pub fn coverage(&self) -> Vec<Coverage> {
        let roots = self.scope().roots().iter().zip(self.handles().iter());
        roots
            .map(|(root, handle)| Coverage::of(root, handle, self.taxonomy()))
            .collect()
    }
}

impl Coverage {
    fn of(root: &Root, handle: &Handle, known: &Taxonomy) -> Self {
        let mut coverage = Self {
            root: root.name.clone(),
            labels: BTreeMap::new(),
            uncovered: Share::default(),
            refused: BTreeMap::new(),
            unreadable: 0,
        };
        let top = handle.path();
        let device = std::fs::metadata(&top).map(|meta| meta.dev()).ok();
        let mut walk = WalkDir::new(&top).min_depth(1).into_iter();
        while let Some(entry) = walk.next() {
            let Ok(entry) = entry else {
                coverage.unreadable += 1;
                continue;
            };
            let below = entry.path().strip_prefix(&top).unwrap_or(entry.path());
            let below = below.as_os_str().as_bytes();
            if let Some(reason) = refusal(root, &entry, &top, device) {
                coverage.refuse(reason, below);
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
            } else if entry.file_type().is_file() {
                let bytes = entry.metadata().map_or(0, |meta| meta.size());
                let (label, covered) = root.rules.label(below);
                coverage
                    .labels
                    .entry(known.text(label))
                    .or_default()
                    .add(bytes);
                if !covered {
                    coverage.uncovered.add(bytes);
                }
            }
        }
        coverage
    }

    fn refuse(&mut self, reason: &'static str, below: &[u8]) {
        let examples = self.refused.entry(reason).or_default();
        examples.count += 1;
        if examples.first.len() < EXAMPLES {
            let mut text = String::new();
            spelling::escape(&mut text, below);
            examples.first.push(text);
        }
    }
}

impl Share {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Why the entry is never read by anybody, if so.
fn refusal(root: &Root, entry: &DirEntry, top: &Path, device: Option<u64>) -> Option<&'static str> {
    let kind = entry.file_type();
    if kind.is_symlink() {
        let target = std::fs::canonicalize(entry.path());
        return match target {
            _ if root.symlinks == Symlinks::Never => Some("symbolic link"),
            Ok(target) if target.starts_with(top) => None,
            Ok(_) => Some("link that leads out"),
            Err(_) => Some("link that leads nowhere"),
        };
    }
    if kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device() {
        return Some("no regular file");
    }
    let meta = entry.metadata().ok()?;
    if !root.mounts && device.is_some_and(|device| device != meta.dev()) {
        return Some("mount");
    }
    if kind.is_file() && meta.nlink() > 1 && root.hard_links == HardLinks::Deny {
        return Some("hard link");
    }
    None
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}/", self.root)?;
        for (label, share) in &self.labels {
            writeln!(f, "  {label}: {share}")?;
        }
        writeln!(f, "  of these by the root's label only: {}", self.uncovered)?;
        for (reason, examples) in &self.refused {
            writeln!(f, "  not served, {reason}: {}", examples.count)?;
            for example in &examples.first {
                writeln!(f, "    {example}")?;
            }
        }
        if self.unreadable > 0 {
            writeln!(f, "  not readable by this user: {}", self.unreadable)?;
        }
        Ok(())
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes", self.files, self.bytes)
    }
}

const EXAMPLES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn the_operator_sees_labels_gaps_and_what_is_not_served() {
        let rule = "[[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"personal\"\n";
        let world = World::new(&[("a", "12"), ("hr/b", "345"), ("hr/c\n", "6")], rule);
        std::fs::hard_link(world.path("a"), world.outside("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", world.path("out")).unwrap();
        std::os::unix::fs::symlink("hr", world.path("in")).unwrap();
        let coverage = world.server.coverage().remove(0);
        let personal = coverage.labels["confidential+personal"];
        assert_eq!(personal, Share { files: 2, bytes: 4 });
        assert_eq!(coverage.uncovered, Share::default());
        assert_eq!(coverage.refused["hard link"].first, ["a"]);
        assert_eq!(coverage.refused["link that leads out"].first, ["out"]);
        let text = coverage.to_string();
        assert!(
            text.contains("confidential+personal: 2 files, 4 bytes"),
            "{text}"
        );
    }
}
