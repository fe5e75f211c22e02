//! The globs that a caller filters with.

use globset::Candidate;
use globset::GlobSet;
use globset::GlobSetBuilder;
use guard::error::Denial;

use super::rules;

/// Globs of one request. A glob without a slash is matched with the name alone, one with a
/// slash with the path below the directory that was asked for.
#[derive(Debug)]
pub struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Globs {
    /// Compiles `globs`; any of them may match.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] naming `argument` if one is too large or not a glob.
    pub fn new<'a>(
        argument: &'static str,
        globs: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Denial> {
        let malformed = Denial::Malformed {
            argument,
            expected: "a glob such as `*.md` or `src/**/*.rs`: at most 256 bytes and 8 braces",
        };
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for glob in globs {
            let compiled = rules::compile(glob).map_err(|_| malformed)?;
            if glob.contains('/') {
                paths.add(compiled);
            } else {
                names.add(compiled);
            }
        }
        Ok(Self {
            names: names.build().map_err(|_| malformed)?,
            paths: paths.build().map_err(|_| malformed)?,
        })
    }

    /// Whether the entry at `path`, as seen from the directory that was asked for, is wanted.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
        let by_name =
            !self.names.is_empty() && self.names.is_match_candidate(&Candidate::from_bytes(name));
        by_name
            || !self.paths.is_empty() && self.paths.is_match_candidate(&Candidate::from_bytes(path))
    }
}

/// The most bytes of a glob.
pub const MAX_BYTES: usize = rules::MAX_GLOB;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_without_a_slash_is_about_the_name() {
        let globs = Globs::new("globs", ["*.md", "src/**/*.rs"]).unwrap();
        assert!(globs.matches(b"a.md") && globs.matches(b"deep/er/a.md"));
        assert!(globs.matches(b"src/a.rs") && globs.matches(b"src/b/c.rs"));
        assert!(!globs.matches(b"a.rs") && !globs.matches(b"x/src/a.rs"));
        assert!(globs.matches(b"caf\xe9\n.md"));
    }

    #[test]
    fn what_is_too_large_or_no_glob_is_refused() {
        let many = "{a,b}".repeat(9);
        for wrong in ["a".repeat(257), "[".to_owned(), "{a".to_owned(), many] {
            let denial = Globs::new("globs", [wrong.as_str()]).unwrap_err();
            assert_eq!(denial.code(), "malformed", "{wrong}");
        }
        assert!(Globs::new("globs", ["{a,b}".repeat(8).as_str()]).is_ok());
    }
}
