//! What `.gitignore` and `.ignore` files leave out of a walk.
//!
//! # Invariants
//!
//! - Their text is given in: nothing is opened here, no global or user-wide file is read.
//! - All that are in force at one time are bounded; one that is too large is not honoured.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::Gitignore;
use ignore::gitignore::GitignoreBuilder;

/// The files in force, from the root down.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    levels: Vec<Level>,
    bytes: usize,
}

#[derive(Debug)]
struct Level {
    /// How deep in the walk this directory is.
    depth: usize,
    /// How long the path of its directory is, with the slash.
    above: usize,
    git: Gitignore,
    own: Gitignore,
    bytes: usize,
}

impl Ignored {
    /// Brings the files of a directory into force. `above` is the length of the directory's
    /// path, with its slash; `depth` how deep it lies.
    pub(super) fn push(&mut self, depth: usize, above: usize, git: &[u8], own: &[u8]) {
        let bytes = git.len() + own.len();
        if bytes == 0 || self.bytes + bytes > IN_FORCE {
            return;
        }
        self.bytes += bytes;
        self.levels.push(Level {
            depth,
            above,
            git: compile(git),
            own: compile(own),
            bytes,
        });
    }

    /// Ends what was brought in at `depth` or deeper.
    pub(super) fn leave(&mut self, depth: usize) {
        while let Some(level) = self.levels.pop_if(|level| level.depth >= depth) {
            self.bytes -= level.bytes;
        }
    }

    /// Whether `path` is left out. The deepest file that says anything decides; `.ignore` goes
    /// before `.gitignore`.
    pub(super) fn has(&self, path: &[u8], is_directory: bool) -> bool {
        let says = |file: fn(&Level) -> &Gitignore| {
            self.levels.iter().rev().find_map(|level| {
                let below = Path::new(OsStr::from_bytes(path.get(level.above..)?));
                match file(level).matched(below, is_directory) {
                    Match::None => None,
                    Match::Ignore(_) => Some(true),
                    Match::Whitelist(_) => Some(false),
                }
            })
        };
        if self.levels.is_empty() {
            return false;
        }
        says(|level| &level.own)
            .or_else(|| says(|level| &level.git))
            .unwrap_or(false)
    }
}

fn compile(text: &[u8]) -> Gitignore {
    // a `.` as its own directory: paths are given relative to it already
    let mut builder = GitignoreBuilder::new(".");
    for line in String::from_utf8_lossy(text).lines() {
        if line.len() <= LINE {
            // a line that is no pattern leaves out nothing
            drop(builder.add_line(None, line));
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The most bytes of one file.
pub(super) const ONE_FILE: usize = 64 << 10;
/// The most bytes of all files in force.
const IN_FORCE: usize = 128 << 10;
const LINE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_file_decides_and_ignore_goes_before_gitignore() {
        let mut ignored = Ignored::default();
        ignored.push(0, 0, b"*.log\nbuild/\n/only-top\n", b"");
        ignored.push(1, 4, b"!keep.log\n", b"secret\n!x.log\n");
        assert!(ignored.has(b"a.log", false) && ignored.has(b"src/a.log", false));
        assert!(!ignored.has(b"src/keep.log", false) && !ignored.has(b"src/x.log", false));
        assert!(ignored.has(b"src/build", true) && !ignored.has(b"src/build", false));
        assert!(ignored.has(b"only-top", false) && !ignored.has(b"src/only-top", false));
        assert!(ignored.has(b"src/secret", false) && !ignored.has(b"secret", false));
        ignored.leave(1);
        assert!(!ignored.has(b"src/secret", false));
        assert_eq!(ignored.levels.len(), 1);
    }

    #[test]
    fn what_is_in_force_is_bounded() {
        let mut ignored = Ignored::default();
        for depth in 0..100 {
            ignored.push(depth, 0, &vec![b'a'; ONE_FILE], b"");
        }
        assert!(ignored.bytes <= IN_FORCE);
        ignored.push(200, 0, b"\xff[\nx", b"");
        assert!(!ignored.has(b"x", false), "over the bound, so not honoured");
    }
}
