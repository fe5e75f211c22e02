//! The names of large directories that were read last, so that the pages of one listing do not
//! read and sort the whole directory each.
//!
//! # Invariants
//!
//! - Only names are kept, as the disk has them. What a reader may know of is judged anew, and
//!   every entry examined anew, on every page.
//! - A snapshot is used only while the directory is unchanged by its own times, and made only if
//!   no later change can hide behind the same time: those are old enough, or exact.
//! - All snapshots together are bounded.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;

use super::meta::Id;
use super::meta::Meta;
use super::names::Names;

/// What is kept for all requests; the one that was used last is the last.
#[derive(Debug, Default)]
pub(super) struct Snapshots(Mutex<Vec<(State, Arc<Names>)>>);

/// A directory in one state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct State {
    id: Id,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl State {
    /// The state that `meta` describes, if a change after `now` would be another one: where the
    /// disk gives every change that somebody looked at a time of its own, it always is.
    pub(super) fn settled(meta: &Meta, now: DateTime<Utc>, exact: bool) -> Option<Self> {
        let settled = now.timestamp() - meta.changed.0 >= SETTLED;
        (settled || exact).then_some(Self {
            id: meta.id,
            modified: meta.modified,
            changed: meta.changed,
        })
    }
}

impl Snapshots {
    /// The names of the directory in this state, if they are known.
    pub(super) fn recall(&self, state: State) -> Option<Arc<Names>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| *known == state)?;
        let found = kept.remove(at);
        let names = Arc::clone(&found.1);
        kept.push(found);
        Some(names)
    }

    /// Keeps all names of a directory, if that is worth it.
    pub(super) fn keep(&self, state: State, names: &Arc<Names>) {
        if names.len() < WORTH || names.size() > MOST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| known.id != state.id);
        kept.push((state, Arc::clone(names)));
        while kept.iter().map(|(_, names)| names.size()).sum::<usize>() > MOST {
            kept.remove(0);
        }
    }
}

/// Fewer names than these are read faster than they are worth.
const WORTH: usize = 1000;
/// The bytes of all that is kept.
const MOST: usize = 12 << 20;
/// The seconds after which the clock of any disk has moved on.
const SETTLED: i64 = 3;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "tests make the files they look at"
    )]

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_directory_that_changed_just_now_or_since_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let open = || {
            rustix::fs::open(
                dir.path(),
                rustix::fs::OFlags::PATH,
                rustix::fs::Mode::empty(),
            )
        };
        let meta = Meta::of(open().unwrap()).unwrap();
        let changed = meta.changed.0;
        assert_eq!(State::settled(&meta, at(changed + 2), false), None);
        let state = State::settled(&meta, at(changed + 3), false).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(dir.path().join("new"), "").unwrap();
        let meta = Meta::of(open().unwrap()).unwrap();
        assert_ne!(State::settled(&meta, at(changed + 10), false), Some(state));
    }

    #[test]
    fn where_times_are_exact_every_change_that_follows_a_look_is_another_state() {
        let dir = tempfile::tempdir().unwrap();
        let handle = crate::effects::Handle::open(dir.path()).unwrap();
        if !handle.times_are_exact() {
            return;
        }
        let look = || State::settled(&Meta::of(&handle.dir).unwrap(), at(0), true).unwrap();
        let mut before = look();
        for number in 0..2000 {
            let name = dir.path().join(number.to_string());
            if number % 3 == 0 {
                std::fs::create_dir(name).unwrap();
            } else {
                std::fs::write(name, "").unwrap();
            }
            let after = look();
            assert_ne!(after, before, "change {number}");
            before = after;
        }
    }
}
