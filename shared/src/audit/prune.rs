//! Removes what is old enough: whole segments from the beginning of the chain, after the chain
//! says so under a signature.
//!
//! The order is: an `admin` record of it and the signed statement, durable; then the files, the
//! oldest first. Whoever is killed in between leaves a trail that verifies, and the next run
//! removes the rest.
//!
//! # Invariants
//!
//! - A trail that does not verify is left alone: it is evidence.
//! - A segment stays if one record in it must, if it is not ended, or if a process still has
//!   intents in it of which nobody knows how they ended.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rustix::io::Errno;
use serde::Deserialize;

use super::Settings;
use super::chain::Hash;
use super::chain::Type;
use super::checkpoint::Statement;
use super::directory::Directory;
use super::directory::segment_name;
use super::disk::Disk;
use super::instance;
use super::mark::Held;
use super::origin::Origin;
use super::pass;
use super::pass::Seen;
use super::record::Record;
use super::segment::Said;
use super::trail;
use super::trail::Due;
use super::trail::Trail;
use super::trouble::Trouble;
use super::trouble::system;
use super::trust::Trust;
use super::verify::verify;
use super::words::Kind;

/// How long records are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Retention {
    /// For records without a label, or with one that is not named here.
    pub default: TimeDelta,
    /// By level, in place of the default.
    pub levels: BTreeMap<String, TimeDelta>,
    /// By category: never shorter than the level says.
    pub categories: BTreeMap<String, TimeDelta>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pruned {
    /// How many segments.
    pub segments: u64,
    /// How many lines, by this decision.
    pub lines: u64,
    /// The first segment that is kept; 0 if nothing was removed.
    pub first_kept: u64,
}

/// Where the chain is to begin.
#[derive(Debug)]
struct Cut {
    segment: u64,
    first_seq: u64,
    /// The lines before it, pruned ones included.
    size: u64,
    root: Hash,
    last: Hash,
    records: u64,
}

impl Retention {
    /// How long a record with that label is kept.
    fn of(&self, level: Option<&str>, categories: &[Cow<'_, str>]) -> TimeDelta {
        let level = level.and_then(|level| self.levels.get(level));
        let of = |category: &Cow<'_, str>| self.categories.get(category.as_ref());
        let longest = categories.iter().filter_map(of).max();
        let base = level.unwrap_or(&self.default);
        *longest.map_or(base, |longest| longest.max(base))
    }
}

/// Prunes the trail of `settings` of what `retention` does not keep at `now`. Those who write it
/// meanwhile go on, but for the time of the removal.
///
/// # Errors
///
/// [`Trouble::NotWhole`] if the trail does not verify; another one if it cannot be read or written.
/// Then nothing was removed that the trail does not say may be gone.
pub fn prune(
    settings: Settings,
    origin: Origin,
    retention: &Retention,
    now: DateTime<Utc>,
) -> Result<Pruned, Trouble> {
    // before the first line is added to it
    check(&settings.dir)?;
    let (mut trail, _) = Trail::open(Disk::default(), settings, origin, now)?;
    let lock = Arc::clone(&trail.lock);
    let held = lock.hold_soon(&trail.directory)?;
    let pruned = remove(&mut trail, &held, retention, now);
    drop(held);
    let ended = trail.finish(now);
    let pruned = pruned?;
    ended.map(|()| pruned)
}

/// The trail in `directory` must be whole before anything of it goes.
fn check(directory: &Path) -> Result<(), Trouble> {
    if verify(directory, &Trust::default())?.verdict.is_whole() {
        Ok(())
    } else {
        Err(Trouble::NotWhole)
    }
}

/// Removes what may go from the trail, which is held.
fn remove(
    trail: &mut Trail,
    held: &Held<'_>,
    retention: &Retention,
    now: DateTime<Utc>,
) -> Result<Pruned, Trouble> {
    let Some((chain, first)) = pass::first_segment(&trail.directory)? else {
        return Ok(Pruned::default());
    };
    let (permitted, cut) = survey(&trail.directory, retention, now)?;
    let mut pruned = Pruned::default();
    let mut keep = permitted.filter(|segment| *segment > first);
    if let Some(cut) = cut.filter(|cut| cut.segment > keep.unwrap_or(first)) {
        pruned.lines = cut.size.saturating_sub(cut.first_seq - 1);
        announce(trail, held, &cut, now)?;
        keep = Some(cut.segment);
    }
    let Some(keep) = keep else {
        return Ok(pruned);
    };
    for number in first..keep {
        match trail.directory.remove(&segment_name(&chain, number)) {
            Ok(()) => pruned.segments += 1,
            Err(Errno::NOENT) => {}
            Err(cause) => return Err(system("remove a segment")(cause)),
        }
        // the oldest first, also after a crash: no gap may come to be
        trail.directory.sync()?;
    }
    pruned.first_kept = keep;
    Ok(pruned)
}

/// Records what will be removed, and signs it.
fn announce(
    trail: &mut Trail,
    held: &Held<'_>,
    cut: &Cut,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    let mut record = Record::new(Kind::Admin, trail::id(now)?, now);
    record.action = Some("prune");
    for (key, figure) in [
        ("prune.segment", cut.segment),
        ("prune.seq.first", cut.first_seq),
        ("prune.seq.last", cut.size),
        ("prune.records", cut.records),
    ] {
        record.figures.insert(key, figure);
    }
    record.notes.insert("prune.hash.last", cut.last.to_string());
    record.notes.insert("prune.root", cut.root.to_string());
    trail.own.push(record.encode(&trail.stamp));
    trail.due = Some(Due {
        key: Arc::clone(&trail.signers.own),
        statement: Some(Statement::Prune {
            segment: cut.segment,
            size: cut.size,
            root: cut.root,
        }),
    });
    trail.commit_held(held, &[], now)?;
    held.sync()
}

/// Reads the trail: up to where it may be pruned already, and where it may be cut now.
fn survey(
    directory: &Directory,
    retention: &Retention,
    now: DateTime<Utc>,
) -> Result<(Option<u64>, Option<Cut>), Trouble> {
    let needed = instance::earliest_noted(directory)?.unwrap_or(u64::MAX);
    let mut permitted = None;
    let mut cut = None;
    let mut keeps = false;
    let mut first_seq = None;
    let (mut records, mut last) = (0, None);
    pass::over_opened(directory, |seen| {
        let Seen { line, tree, .. } = seen;
        first_seq.get_or_insert(line.link.seq);
        if let Some(Said::Checkpoint(spoken)) = seen.said
            && let Some(Statement::Prune { segment, .. }) = Statement::of(&spoken.checkpoint)
        {
            permitted = permitted.max(Some(segment));
        }
        // at a head, all segments before it have been seen to be old enough
        if let (Type::Head, Some(last), Some(first_seq)) = (line.what, last, first_seq)
            && !keeps
            && seen.segment <= needed
        {
            cut = Some(Cut {
                segment: seen.segment,
                first_seq,
                size: tree.size(),
                root: tree.root(),
                last,
                records,
            });
        }
        if line.what == Type::Event && !keeps {
            records += 1;
            keeps = is_kept(seen.bytes, retention, now);
        }
        last = Some(line.link.hash);
    })?;
    Ok((permitted, cut))
}

/// Whether the record must stay. One that cannot be read stays.
fn is_kept(bytes: &[u8], retention: &Retention, now: DateTime<Utc>) -> bool {
    serde_json::from_slice::<Labelled<'_>>(bytes).map_or(true, |record| {
        let kept = retention.of(record.level.as_deref(), &record.categories);
        let until = record.time.checked_add_signed(kept);
        until.is_none_or(|until| until > now)
    })
}

#[derive(Deserialize)]
struct Labelled<'a> {
    time: DateTime<Utc>,
    #[serde(rename = "label.level", borrow)]
    level: Option<Cow<'a, str>>,
    #[serde(rename = "label.categories", borrow, default)]
    categories: Vec<Cow<'a, str>>,
}
