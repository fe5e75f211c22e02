//! Finds where a chain ends: by its mark, and by what was written after it.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use chrono::DateTime;
use chrono::Utc;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain;
use super::chain::Link;
use super::chain::Why;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::Identity;
use super::directory::segment_name;
use super::encode::MAX_LINE;
use super::mark::Mark;
use super::segment;
use super::segment::From;
use super::segment::Stop;
use super::segment::Walked;
use super::trouble::Trouble;
use super::trouble::system;

/// Where the next line goes.
#[derive(Debug)]
pub(super) struct Place {
    /// The number of the segment.
    pub(super) number: u64,
    /// The segment.
    pub(super) fd: OwnedFd,
    /// Which file it is.
    pub(super) identity: Identity,
    /// The end of its last line.
    pub(super) bytes: u64,
    /// The last line of the chain.
    pub(super) link: Link,
    /// When the segment was begun; unknown as long as it has no head.
    pub(super) since: Option<DateTime<Utc>>,
    /// Whether the segment has its tail, so that the next line goes into another one.
    pub(super) ended: bool,
}

/// The end of a chain.
#[derive(Debug)]
pub(super) struct Found {
    /// The name of the chain.
    pub(super) chain: String,
    /// Where the next line goes.
    pub(super) place: Place,
    /// How many bytes of a torn line stand there.
    pub(super) torn: u64,
}

/// Finds the end of the chain in `directory`; `None` if there is no chain yet.
///
/// What `mark` covers is trusted but for its last line; everything after it is verified.
pub(super) fn find(directory: &Directory, mark: Option<&Mark>) -> Result<Option<Found>, Trouble> {
    let (chain, mut number, mut at, mut last) = match mark {
        Some(mark) => {
            check_last_line(directory, mark)?;
            (
                mark.chain.clone(),
                mark.segment,
                mark.bytes,
                Some(mark.link),
            )
        }
        None => match last_segment(directory)? {
            Some((chain, number)) => (chain, number, 0, (number == 1).then_some(Link::START)),
            None => return Ok(None),
        },
    };
    loop {
        let fd = open(directory, &chain, number)?;
        let since = match segment::head(&fd).map_err(system("read a segment"))? {
            Some(head) => {
                let broken = |why| Trouble::Broken {
                    segment: number,
                    at: 0,
                    why,
                };
                let head = head.map_err(broken)?;
                head.is_of(&chain, number).map_err(broken)?;
                Some(head.time)
            }
            None => None,
        };
        let from = From {
            chain: &chain,
            number,
            at,
            last,
        };
        let walked = segment::walk(&fd, from, |_, _| ()).map_err(system("read a segment"))?;
        let torn = torn(number, &walked)?;
        last = walked.last;
        if is_there(directory, &segment_name(&chain, number.saturating_add(1)))? {
            if torn > 0 {
                return Err(broken(number, &walked, Why::Cut));
            }
            (number, at) = (number.saturating_add(1), 0);
            continue;
        }
        let stat = rustix::fs::fstat(&fd).map_err(system("read a segment"))?;
        let place = Place {
            number,
            identity: Identity::of(&stat),
            fd,
            bytes: walked.end,
            // a last segment without a line, and nothing is known of the one before it
            link: last.ok_or(Trouble::Shortened)?,
            since,
            ended: walked.ended || ended_before(at, mark, directory, &chain)?,
        };
        return Ok(Some(Found { chain, place, torn }));
    }
}

impl Place {
    /// The mark that says so.
    pub(super) fn mark(&self, chain: &str) -> Mark {
        Mark {
            chain: chain.to_owned(),
            segment: self.number,
            bytes: self.bytes,
            link: self.link,
        }
    }
}

/// Opens a segment to go on with it.
pub(super) fn open(directory: &Directory, chain: &str, number: u64) -> Result<OwnedFd, Trouble> {
    let name = segment_name(chain, number);
    let access = OFlags::RDWR | OFlags::APPEND;
    let opened = directory.open_file(&name, "open a segment", access);
    opened.map_err(|trouble| {
        if trouble.is_absence() {
            Trouble::Shortened
        } else {
            trouble
        }
    })
}

/// Whether there is a file of that name.
pub(super) fn is_there(directory: &Directory, name: &str) -> Result<bool, Trouble> {
    match directory.look(name) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(cause) => Err(system("look for a segment")(cause)),
    }
}

/// The line that the mark names must stand where it says.
fn check_last_line(directory: &Directory, mark: &Mark) -> Result<(), Trouble> {
    let line = line_before(directory, &mark.chain, mark.segment, mark.bytes)?;
    let broken = |why| Trouble::Broken {
        segment: mark.segment,
        at: mark.bytes.saturating_sub(line.len() as u64 + 1),
        why,
    };
    let found = chain::open(&line).map_err(broken)?;
    if found.link == mark.link {
        Ok(())
    } else {
        Err(broken(Why::Number))
    }
}

/// Whether the line before `at`, where a walk began, is a tail.
fn ended_before(
    at: u64,
    mark: Option<&Mark>,
    directory: &Directory,
    chain: &str,
) -> Result<bool, Trouble> {
    let Some(mark) = mark.filter(|mark| at > 0 && mark.bytes == at) else {
        return Ok(false);
    };
    let line = line_before(directory, chain, mark.segment, at)?;
    Ok(chain::open(&line).is_ok_and(|line| line.what == chain::Type::Tail))
}

/// The bytes of the line that ends at `end`, without its line feed.
fn line_before(
    directory: &Directory,
    chain: &str,
    number: u64,
    end: u64,
) -> Result<Vec<u8>, Trouble> {
    let fd = open(directory, chain, number)?;
    let mut bytes = vec![0; MAX_LINE + 2];
    let start = end.saturating_sub(bytes.len() as u64);
    let wanted = usize::try_from(end - start).unwrap_or_default();
    bytes.truncate(wanted);
    let mut read = 0;
    while let Some(room) = bytes.get_mut(read..).filter(|room| !room.is_empty()) {
        match rustix::io::pread(&fd, room, start + read as u64) {
            Ok(0) => return Err(Trouble::Shortened),
            Ok(count) => read += count,
            Err(Errno::INTR) => {}
            Err(cause) => return Err(system("read a segment")(cause)),
        }
    }
    if bytes.pop() != Some(b'\n') {
        return Err(Trouble::Broken {
            segment: number,
            at: end,
            why: Why::Cut,
        });
    }
    let begin = bytes.iter().rposition(|&byte| byte == b'\n');
    Ok(bytes.split_off(begin.map_or(0, |at| at + 1)))
}

/// The last segment to begin with where there is no mark: the last one that has a head.
fn last_segment(directory: &Directory) -> Result<Option<(String, u64)>, Trouble> {
    let mut chains = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for entry in directory.entries()? {
        if let Entry::Segment(chain, number) = entry {
            chains.insert(chain);
            numbers.insert(number);
        }
    }
    let Some(chain) = chains.pop_first() else {
        return Ok(None);
    };
    if !chains.is_empty() {
        return Err(Trouble::Damaged("the directory: it holds two chains"));
    }
    let mut last = None;
    for number in numbers.into_iter().rev() {
        last = Some(number);
        let fd = open(directory, &chain, number)?;
        let head = segment::head(&fd).map_err(system("read a segment"))?;
        if head.is_some() {
            break;
        }
    }
    Ok(last.map(|number| (chain, number)))
}

fn torn(number: u64, walked: &Walked) -> Result<u64, Trouble> {
    match walked.stop {
        Stop::End => Ok(0),
        Stop::Rest(bytes) => Ok(bytes),
        Stop::Bad(why) => Err(broken(number, walked, why)),
        Stop::Fork => Err(broken(number, walked, Why::Number)),
    }
}

const fn broken(segment: u64, walked: &Walked, why: Why) -> Trouble {
    Trouble::Broken {
        segment,
        at: walked.end,
        why,
    }
}
