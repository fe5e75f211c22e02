//! What a reading of a trail found, and what it cannot exclude.

use std::fmt;

use super::chain::Link;
use super::chain::Why;

/// What a trail holds, and whether it is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// How many segments were read.
    pub segments: u64,
    /// How many good lines there are, heads, checkpoints and tails included.
    pub lines: u64,
    /// How many of them are records.
    pub records: u64,
    /// How many of them are checkpoints.
    pub checkpoints: u64,
    /// The first good line.
    pub first: Option<Link>,
    /// The last good line before the first bad place.
    pub last: Option<Link>,
    /// Whether there was a mark to hold the end against.
    pub marked: bool,
    /// How many lines were pruned before the first one that is kept.
    pub pruned: u64,
    /// Up to which line a trusted key, or an anchor, speaks for the trail; 0 if none does.
    pub covered: u64,
    /// How many records come after that line.
    pub uncovered: u64,
    /// Up to which line an anchor speaks for it; 0 if none was given.
    pub anchored: u64,
    /// How many anchors speak of lines that were pruned, so that nothing could be held against
    /// them.
    pub unused_anchors: u64,
    /// Whether keys were given to hold the checkpoints against.
    pub keyed: bool,
}

/// Whether a trail is whole. Each bad one names the first place that shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Every line follows from the one before it, and a trusted checkpoint covers every record.
    Ok,
    /// Every line follows from the one before it; but no key and no anchor was given, or records
    /// follow the last checkpoint.
    OkUnanchored,
    /// The same for what is left, and a key signed that all before it may be gone.
    PrunedOk,
    /// The same, but for an unfinished line at the end, as a crash leaves it.
    TornTail {
        /// In which file.
        file: String,
        /// Which line of it is unfinished, counted from 1.
        line: u64,
        /// How many bytes are unfinished.
        bytes: u64,
    },
    /// A line is not the one that must stand there.
    Broken {
        /// In which file.
        file: String,
        /// Which line of it, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: Why,
    },
    /// Lines are missing at the beginning, at the end, or a whole segment between.
    Truncated {
        /// The file that is missing or too short.
        file: String,
        /// The first line of it that is missing, counted from 1.
        line: u64,
    },
    /// Two lines follow the same one, there are two chains, or the trail is another one than an
    /// anchor or the mark speaks of: it was written anew.
    Forked {
        /// In which file the second branch begins, or an anchor first contradicts.
        file: String,
        /// At which line of it, counted from 1.
        line: u64,
    },
}

/// What a verdict does not exclude.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Caveat {
    /// No key and no anchor was given: who can write the directory can have written all of it.
    Unkeyed,
    /// That many records at the end are not under a trusted checkpoint.
    Uncovered(u64),
    /// No anchor speaks of the lines after that one: an end that was cut off right behind a
    /// checkpoint does not show, and who has the key can have written them anew.
    Unanchored {
        /// The last line that an anchor speaks of.
        after: u64,
    },
    /// That many anchors speak of lines that were pruned.
    UnusedAnchors(u64),
}

impl Report {
    /// What the verdict does not exclude, if the trail is whole.
    #[must_use]
    pub fn caveats(&self) -> Vec<Caveat> {
        if !self.verdict.is_whole() {
            return Vec::new();
        }
        let after = self.anchored;
        let known = self.keyed || after > 0;
        let anchored = self.last.is_none_or(|last| last.seq <= after);
        [
            (!known).then_some(Caveat::Unkeyed),
            (known && self.uncovered > 0).then_some(Caveat::Uncovered(self.uncovered)),
            (known && !anchored).then_some(Caveat::Unanchored { after }),
            (self.unused_anchors > 0).then_some(Caveat::UnusedAnchors(self.unused_anchors)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Verdict {
    /// The stable name of the verdict.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::OkUnanchored => "ok-unanchored",
            Self::PrunedOk => "pruned-ok",
            Self::TornTail { .. } => "torn-tail",
            Self::Broken { .. } => "broken",
            Self::Truncated { .. } => "truncated",
            Self::Forked { .. } => "forked",
        }
    }

    /// The stable exit code of a program that verifies: 0 for `ok`, else 10 and more, clear of
    /// the codes that every program has.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::OkUnanchored => 10,
            Self::PrunedOk => 11,
            Self::TornTail { .. } => 12,
            Self::Broken { .. } => 13,
            Self::Truncated { .. } => 14,
            Self::Forked { .. } => 15,
        }
    }

    /// Whether nothing was found that a trail must not show.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Ok | Self::OkUnanchored | Self::PrunedOk)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Ok | Self::OkUnanchored | Self::PrunedOk => f.write_str(name),
            Self::TornTail { file, line, bytes } => {
                write!(f, "{name}: {file}:{line}: {bytes} bytes")
            }
            Self::Broken { file, line, why } => write!(f, "{name}: {file}:{line}: {why}"),
            Self::Truncated { file, line } | Self::Forked { file, line } => {
                write!(f, "{name}: {file}:{line}")
            }
        }
    }
}

impl fmt::Display for Caveat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unkeyed => f.write_str(
                "no key and no anchor was given: whoever can write the directory can have written \
                 all of it anew, or cut off its end",
            ),
            Self::Uncovered(records) => write!(
                f,
                "no trusted checkpoint covers the last {records} records: whoever can write the \
                 directory can have changed or removed them",
            ),
            Self::Unanchored { after } => write!(
                f,
                "no anchor speaks of what comes after line {after}: an end that was cut off right \
                 behind a checkpoint does not show, and whoever has the signing key can have \
                 written it anew",
            ),
            Self::UnusedAnchors(anchors) => write!(
                f,
                "{anchors} anchors speak of lines that were pruned, and could not be used",
            ),
        }
    }
}
