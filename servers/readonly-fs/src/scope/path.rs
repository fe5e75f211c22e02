//! A path below a root, as raw bytes.
//!
//! # Invariants
//!
//! - A [`RelPath`] never climbs and never starts at the top: each of its components is a plain
//!   name, neither empty nor `.` nor `..`, without `/` and NUL.
//! - It is at most [`RelPath::MAX_BYTES`] long and [`RelPath::MAX_DEPTH`] deep.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use guard::error::Denial;

use super::spelling;

/// A path below a root; the empty one is the root itself.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// The longest path: what the kernel takes, less its closing NUL.
    pub const MAX_BYTES: usize = 4095;
    /// The most components.
    pub const MAX_DEPTH: usize = 128;
    /// The longest spelling of a path: every byte escaped.
    pub const MAX_SPELLING: usize = 4 * Self::MAX_BYTES;

    /// Reads the escaped spelling of a path. A `.` and one closing slash say nothing and are
    /// dropped, because people and listings write them.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if it climbs, starts at the top, is too long or spells no path.
    pub fn parse(text: &str) -> Result<Self, Denial> {
        Self::read(text, spelling::unescape).ok_or(MALFORMED)
    }

    /// Reads the percent-encoded path of a URI.
    #[must_use]
    pub fn from_uri(text: &str) -> Option<Self> {
        Self::read(text, spelling::percent_decode)
    }

    fn read(text: &str, decode: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Self> {
        let mut path = Self(Vec::with_capacity(text.len()));
        if text.is_empty() {
            return Some(path);
        }
        if text.starts_with('/') {
            return None;
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        // splitting first: a slash or dot that is spelled as an escape is a name's, and refused
        for part in text.split('/').filter(|part| *part != ".") {
            if part.contains(['\\', '%']) {
                path.push(&decode(part)?)?;
            } else {
                // it stands for itself, however escapes are written
                path.push(part.as_bytes())?;
            }
        }
        Some(path)
    }

    /// Reads a path below a root as the kernel writes it.
    #[must_use]
    pub fn from_kernel(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut path = Self(Vec::with_capacity(bytes.len()));
        for part in bytes.split(|&b| b == b'/') {
            path.push(part)?;
        }
        Some(path)
    }

    /// The path of the entry `name` of this directory; nothing if that is no plain name or too
    /// long a path.
    #[must_use]
    pub fn child(&self, name: &[u8]) -> Option<Self> {
        let mut child = Self(Vec::with_capacity(self.0.len() + 1 + name.len()));
        child.0.extend_from_slice(&self.0);
        child.push(name)?;
        Some(child)
    }

    /// Goes on to the entry `name` of this directory, or stays.
    fn push(&mut self, name: &[u8]) -> Option<()> {
        let plain = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
        let length = self.0.len() + usize::from(!self.is_root()) + name.len();
        let fits = length <= Self::MAX_BYTES && self.depth() < Self::MAX_DEPTH;
        if !plain || name.contains(&0) || !fits {
            return None;
        }
        if !self.is_root() {
            self.0.push(b'/');
        }
        self.0.extend_from_slice(name);
        Some(())
    }

    /// The directory that holds this path's last name, and the name; nothing for the root.
    #[must_use]
    pub fn split(&self) -> Option<(Self, &[u8])> {
        let name = self.components().last()?;
        let above = self.0.len() - name.len();
        let parent = self.0.get(..above.saturating_sub(1))?;
        Some((Self(parent.to_vec()), name))
    }

    /// This path as seen from the directory `above`, if it lies below it.
    #[must_use]
    pub fn below(&self, above: &Self) -> Option<Self> {
        if above.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(above.as_bytes())?;
        match rest.split_first() {
            None => Some(Self::default()),
            Some((b'/', rest)) => Some(Self(rest.to_vec())),
            Some(_) => None,
        }
    }

    /// Whether this is the root itself.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// How many components it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        depth(&self.0)
    }

    /// Its names, from the top down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/').filter(|part| !part.is_empty())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What a system call takes: `.` for the root.
    #[must_use]
    pub fn as_argument(&self) -> &Path {
        let bytes: &[u8] = if self.is_root() { b"." } else { &self.0 };
        Path::new(OsStr::from_bytes(bytes))
    }
}

impl Ord for RelPath {
    /// The order of a walk: a directory, then all that is in it, then its next sibling.
    fn cmp(&self, other: &Self) -> Ordering {
        self.components().cmp(other.components())
    }
}

impl PartialOrd for RelPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many components the path `bytes` has.
fn depth(bytes: &[u8]) -> usize {
    if bytes.is_empty() {
        return 0;
    }
    bytes.split(|&b| b == b'/').count()
}

const MALFORMED: Denial = Denial::Malformed {
    argument: "path",
    expected: "ROOT/relative/path as listed, without `..`, at most 4095 bytes",
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn o2_no_spelling_climbs_or_starts_at_the_top() {
        for text in [
            "..",
            "../a",
            "a/..",
            "a/../b",
            "/",
            "//",
            "/etc/passwd",
            "a//b",
            "a//",
            "\\x2e\\x2e",
            "\\x2e\\x2e/a",
            "a/\\x2e",
            "\\x2fetc",
            "a\\x2f..",
            "\\u{2e}\\u{2e}",
            "a\\x00b",
            "a\0",
            "a\\",
            "..\\\\..",
            "\\..",
        ] {
            let climbs = RelPath::parse(text).is_ok_and(|path| {
                path.components().any(|part| part == b"..") || path.as_bytes().starts_with(b"/")
            });
            assert!(!climbs, "{text}");
            // two dots, a backslash and two dots are an odd name, but a name
            assert!(
                RelPath::parse(text).is_err() || text == "..\\\\..",
                "{text}"
            );
        }
        for text in ["%2e%2e", "a/%2E%2E/b", "%2Fetc", "a%2f..", "%00"] {
            assert_eq!(RelPath::from_uri(text), None, "{text}");
        }
    }

    #[test]
    fn dots_and_a_closing_slash_say_nothing() {
        let is = |text: &str, bytes: &str| {
            assert_eq!(
                RelPath::parse(text).unwrap().as_bytes(),
                bytes.as_bytes(),
                "{text}"
            );
        };
        is("", "");
        is(".", "");
        is("./a", "a");
        is("a/./b/", "a/b");
    }

    #[test]
    fn length_and_depth_are_bounded() {
        assert!(RelPath::parse(&"a/".repeat(128)).is_ok());
        assert!(RelPath::parse(&"a/".repeat(129)).is_err());
        assert!(RelPath::parse(&"a".repeat(4095)).is_ok());
        assert!(RelPath::parse(&"a".repeat(4096)).is_err());
        assert!(RelPath::parse(&"\\x61".repeat(4096)).is_err());
    }

    #[test]
    fn the_order_is_that_of_a_walk() {
        let path = |text: &str| RelPath::parse(text).unwrap();
        let sorted = ["", "a", "a/z", "a-b", "a.txt", "b"].map(path);
        assert!(sorted.is_sorted());
        assert_eq!(path("a/b/c").below(&path("a")), Some(path("b/c")));
        assert_eq!(path("ab/c").below(&path("a")), None);
        assert_eq!(path("a").below(&path("a")), Some(path("")));
        assert_eq!(path("a/b").split(), Some((path("a"), b"b".as_slice())));
        assert_eq!(path("a").split(), Some((path(""), b"a".as_slice())));
        assert_eq!(path("").split(), None);
    }

    proptest! {
        #[test]
        fn o2_whatever_parses_is_made_of_plain_names(text in "[./a\\\\x2euz{}:%\0-]{0,40}") {
            for path in RelPath::parse(&text).ok().into_iter().chain(RelPath::from_uri(&text)) {
                for part in path.components() {
                    prop_assert!(!matches!(part, b"" | b"." | b".."));
                    prop_assert!(!part.contains(&0) && !part.contains(&b'/'));
                }
                prop_assert!(!path.as_bytes().starts_with(b"/"));
                prop_assert_eq!(RelPath::from_kernel(path.as_bytes()), Some(path));
            }
        }
    }
}
