//! Walks along the lines of one segment and holds each against the one before it.
//!
//! # Invariants
//!
//! - The verifier and the writer walk by this one function, so that nothing is taken up by the
//!   one which the other would refuse.

use std::os::fd::OwnedFd;

use chrono::DateTime;
use chrono::Utc;
use rustix::io::Errno;
use serde::Deserialize;

use super::chain;
use super::chain::Hash;
use super::chain::Line;
use super::chain::Link;
use super::chain::Type;
use super::chain::Why;
use super::lines::Lines;
use super::lines::Step;

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct From<'a> {
    /// The chain that the segment belongs to.
    pub(super) chain: &'a str,
    /// Its number.
    pub(super) number: u64,
    /// The byte to begin at.
    pub(super) at: u64,
    /// The line before that byte; `None` takes up whatever the first line names.
    pub(super) last: Option<Link>,
}

/// How far a walk came.
#[derive(Debug)]
pub(super) struct Walked {
    /// The end of the last good line.
    pub(super) end: u64,
    /// That line; `None` if there was none and none was known.
    pub(super) last: Option<Link>,
    /// How many lines were good.
    pub(super) lines: u64,
    /// Whether the last of them is a tail.
    pub(super) ended: bool,
    /// Why it went no further.
    pub(super) stop: Stop,
}

/// Why a walk went no further.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// Nothing comes after it.
    End,
    /// Bytes come after it that no line feed ends: how many.
    Rest(u64),
    /// The next line is not the one to come next.
    Bad(Why),
    /// The next line is whole and names the same predecessor as the last one.
    Fork,
}

/// What the first line of a segment says.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    /// When the segment was begun.
    pub(super) time: DateTime<Utc>,
    chain: String,
    segment: u64,
}

/// Walks along `fd` and shows every good line to `each`.
pub(super) fn walk(
    fd: &OwnedFd,
    from: From<'_>,
    mut each: impl FnMut(u64, &Line<'_>),
) -> Result<Walked, Errno> {
    let mut lines = Lines::new(fd, from.at);
    let mut walked = Walked {
        end: from.at,
        last: from.last,
        lines: 0,
        ended: false,
        stop: Stop::End,
    };
    let mut before = None;
    loop {
        let bytes = match lines.step()? {
            Step::Line(bytes) => bytes,
            Step::TooLong => return Ok(walked.stopped(Stop::Bad(Why::TooLong))),
            Step::Rest(bytes) => return Ok(walked.stopped(Stop::Rest(bytes))),
            Step::End => return Ok(walked),
        };
        let line = match chain::open(bytes) {
            Ok(line) => line,
            Err(why) => return Ok(walked.stopped(Stop::Bad(why))),
        };
        if let Err(why) = fits(&line, bytes, from, &walked) {
            let sibling = before.is_some_and(|(prev, link): (Hash, Link)| {
                prev == line.prev && link.seq == line.link.seq && link.hash != line.link.hash
            });
            return Ok(walked.stopped(if sibling { Stop::Fork } else { Stop::Bad(why) }));
        }
        before = Some((line.prev, line.link));
        each(walked.end, &line);
        walked.last = Some(line.link);
        walked.lines += 1;
        walked.ended = line.what == Type::Tail;
        walked.end = lines.end();
    }
}

/// Reads the head of a segment; `None` if its first line is not whole yet.
pub(super) fn head(fd: &OwnedFd) -> Result<Option<Result<Head, Why>>, Errno> {
    let mut lines = Lines::new(fd, 0);
    Ok(match lines.step()? {
        Step::Line(bytes) => Some(chain::open(bytes).and_then(|line| match line.what {
            Type::Head => serde_json::from_slice(bytes).map_err(|_| Why::Head),
            Type::Event | Type::Checkpoint | Type::Tail => Err(Why::Head),
        })),
        Step::TooLong => Some(Err(Why::TooLong)),
        Step::Rest(_) | Step::End => None,
    })
}

impl Head {
    /// Whether it is that of the segment `number` of `chain`.
    pub(super) fn is_of(&self, chain: &str, number: u64) -> Result<(), Why> {
        if self.chain == chain && self.segment == number {
            Ok(())
        } else {
            Err(Why::Head)
        }
    }
}

impl Walked {
    const fn stopped(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }
}

fn fits(line: &Line<'_>, bytes: &[u8], from: From<'_>, walked: &Walked) -> Result<(), Why> {
    if walked.ended {
        return Err(Why::AfterTail);
    }
    if (line.what == Type::Head) != (walked.end == 0) {
        return Err(Why::Head);
    }
    if let Some(last) = walked.last {
        line.follows(last)?;
    }
    if line.what == Type::Head {
        let head: Head = serde_json::from_slice(bytes).map_err(|_| Why::Head)?;
        head.is_of(from.chain, from.number)?;
    }
    Ok(())
}
