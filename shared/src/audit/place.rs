//! Finds where a chain ends: by its mark, and by what was written after it. The tree over its
//! lines is taken up from what is known already, or from the last line that tells of it.

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
use super::merkle::Tree;
use super::segment;
use super::segment::From;
use super::segment::Said;
use super::segment::Stop;
use super::segment::Walked;
use super::signing::Speaker;
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
    /// The tree over all lines of the chain.
    pub(super) tree: Tree,
    /// What was said of the tree last.
    pub(super) spoken: Spoken,
}

/// What was said of the tree last.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    /// The number of the line that did.
    pub(super) seq: u64,
    /// When.
    pub(super) time: DateTime<Utc>,
    /// By whom; the process that goes on with the chain need not know it of itself.
    pub(super) by: Option<Speaker>,
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
/// What `mark` covers is trusted but for what was written after the last line that tells of the
/// tree; everything from there on is verified. `known` is an end of earlier.
pub(super) fn find(
    directory: &Directory,
    mark: Option<&Mark>,
    known: Option<(String, Place)>,
) -> Result<Option<Found>, Trouble> {
    let Some(mut from) = Beginning::new(directory, mark, known)? else {
        return Ok(None);
    };
    let mut seen = mark.is_some_and(|mark| from.last == Some(mark.link));
    loop {
        let (chain, number) = (from.chain.as_str(), from.number);
        let fd = open(directory, chain, number)?;
        let since = match segment::head(&fd).map_err(system("read a segment"))? {
            Some(head) => {
                let broken = |why| Trouble::Broken {
                    segment: number,
                    at: 0,
                    why,
                };
                let head = head.map_err(broken)?;
                head.is_of(chain, number).map_err(broken)?;
                Some(head.time)
            }
            None => None,
        };
        let walk = From {
            chain,
            number,
            at: from.at,
            last: from.last,
        };
        let (spoken, last_tail) = (&mut from.spoken, from.ended);
        let walked = segment::walk(&fd, walk, &mut from.tree, |good| {
            let seq = good.line.link.seq;
            seen |= mark.is_some_and(|mark| mark.link == good.line.link);
            let (time, by) = match good.said {
                None => return Ok(()),
                Some(Said::Head(head)) => (head.time, Speaker::of_head(&head)),
                Some(Said::Checkpoint(said)) => (said.time, Speaker::Checkpoint(said)),
            };
            let by = Some(by);
            *spoken = Some(Spoken { seq, time, by });
            Ok(())
        });
        let walked = walked.map_err(system("read a segment"))?;
        let torn = torn(number, &walked)?;
        from.last = walked.last;
        if is_there(directory, &segment_name(chain, number.saturating_add(1)))? {
            if torn > 0 {
                return Err(broken(number, &walked, Why::Cut));
            }
            (from.number, from.at, from.ended) = (number.saturating_add(1), 0, false);
            continue;
        }
        if !seen && mark.is_some() {
            return Err(Trouble::Shortened);
        }
        let stat = rustix::fs::fstat(&fd).map_err(system("read a segment"))?;
        let place = Place {
            number,
            identity: Identity::of(&stat),
            fd,
            bytes: walked.end,
            // a last segment without a line, and nothing is known of the one before it
            link: from.last.ok_or(Trouble::Shortened)?,
            since,
            ended: walked.ended || (last_tail && walked.lines == 0),
            tree: from.tree.ok_or(Trouble::Shortened)?,
            spoken: from.spoken.unwrap_or(Spoken {
                seq: 0,
                time: DateTime::UNIX_EPOCH,
                by: None,
            }),
        };
        let chain = from.chain;
        return Ok(Some(Found { chain, place, torn }));
    }
}

/// Where to begin to read.
struct Beginning {
    chain: String,
    number: u64,
    at: u64,
    /// The line before `at`; `None` takes up whatever stands there.
    last: Option<Link>,
    /// The tree before `at`; `None` takes up the one that the line at `at` tells of.
    tree: Option<Tree>,
    spoken: Option<Spoken>,
    /// Whether the line before `at` is a tail.
    ended: bool,
}

impl Beginning {
    fn new(
        directory: &Directory,
        mark: Option<&Mark>,
        known: Option<(String, Place)>,
    ) -> Result<Option<Self>, Trouble> {
        let Some(mark) = mark else {
            return Self::without_mark(directory);
        };
        check_last_line(directory, mark)?;
        if let Some((chain, place)) = known
            && chain == mark.chain
            && place.number == mark.segment
            && (1..=mark.bytes).contains(&place.bytes)
        {
            return Ok(Some(Self {
                chain,
                number: place.number,
                at: place.bytes,
                last: Some(place.link),
                tree: Some(place.tree),
                spoken: Some(place.spoken),
                ended: place.ended,
            }));
        }
        let fd = open(directory, &mark.chain, mark.segment)?;
        Ok(Some(Self {
            chain: mark.chain.clone(),
            number: mark.segment,
            at: last_told(&fd, mark.bytes).map_err(system("read a segment"))?,
            last: None,
            tree: None,
            spoken: None,
            ended: false,
        }))
    }

    fn without_mark(directory: &Directory) -> Result<Option<Self>, Trouble> {
        let Some((chain, number)) = last_segment(directory)? else {
            return Ok(None);
        };
        let first = number == 1;
        Ok(Some(Self {
            chain,
            number,
            at: 0,
            last: first.then_some(Link::START),
            tree: first.then(Tree::default),
            spoken: None,
            ended: false,
        }))
    }
}

/// Where the last line before `end` begins that tells of the tree: a checkpoint, or the head.
fn last_told(fd: &OwnedFd, end: u64) -> Result<u64, Errno> {
    let mut chunk = vec![0; CHUNK];
    let mut end = end;
    loop {
        let start = end.saturating_sub(CHUNK as u64);
        let wanted = usize::try_from(end - start).unwrap_or(CHUNK);
        let room = chunk.get_mut(..wanted).unwrap_or_default();
        let read = match rustix::io::pread(fd, &mut *room, start) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        let bytes = room.get(..read).unwrap_or_default();
        // no text holds a line feed, so nothing else looks like the beginning of a line
        if let Some(at) = memchr::memmem::rfind(bytes, CHECKPOINT) {
            return Ok(start + at as u64 + 1);
        }
        if start == 0 {
            return Ok(0);
        }
        end = start + CHECKPOINT.len() as u64;
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

/// How much is read at once, backwards: more than the lines between two checkpoints usually take.
const CHUNK: usize = 1 << 20;
const CHECKPOINT: &[u8] = b"\n{\"v\":1,\"t\":\"ckpt\",";
