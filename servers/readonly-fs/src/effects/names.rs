//! The names in a directory, sorted, as many as fit in a given memory.
//!
//! # Invariants
//!
//! - Memory is bounded by the budget, however many names there are: the smallest are kept, and
//!   the rest is read again when those are used up.
//! - The order is that of the bytes, so "after this name" means the same on every page.

use std::os::fd::AsFd;

use rustix::fs::FileType;
use rustix::fs::RawDir;
use rustix::fs::SeekFrom;
use rustix::io::Errno;

use guard::call::Call;
use guard::error::Refusal;

use super::open::refusal;

/// Where a batch of names begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum From {
    /// At the first name.
    #[default]
    Start,
    /// With this name, if it is there.
    At(Vec<u8>),
    /// With the first name after this one.
    After(Vec<u8>),
}

/// A sorted batch of names.
#[derive(Debug, Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    /// Whether there are names after the last of these.
    pub(super) more: bool,
    /// Whether the directory has a `.gitignore`.
    pub(super) gitignore: bool,
    /// Whether the directory has a `.ignore`.
    pub(super) ignore: bool,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    at: u32,
    length: u16,
    kind: FileType,
}

impl Names {
    /// Reads the names of `dir` from `from` on. `budget` bytes are kept, but never fewer than
    /// one name; `buffer` is where the kernel writes them.
    pub(super) fn read(
        dir: impl AsFd,
        from: &From,
        budget: usize,
        buffer: &mut Vec<u8>,
        call: &Call,
    ) -> Result<Self, Refusal> {
        rustix::fs::seek(&dir, SeekFrom::Start(0)).map_err(refusal)?;
        buffer.clear();
        buffer.reserve(BUFFER);
        let mut batch = Batch {
            names: Self::default(),
            budget,
            last: None,
        };
        let mut entries = RawDir::new(dir, buffer.spare_capacity_mut());
        let mut seen = 0_u32;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(refusal)?;
            seen = seen.wrapping_add(1);
            if seen.is_multiple_of(256) {
                call.check()?;
            }
            batch.offer(from, entry.file_name().to_bytes(), entry.file_type());
        }
        Ok(batch.finish())
    }

    /// Where `from` begins among these names, which must be all.
    pub(super) fn seek(&self, from: &From) -> usize {
        let first = |before: &dyn Fn(&[u8]) -> bool| {
            let is_before = |slot: &Slot| self.name(slot).is_some_and(before);
            self.slots.partition_point(is_before)
        };
        match from {
            From::Start => 0,
            From::At(least) => first(&|name| name < least.as_slice()),
            From::After(last) => first(&|name| name <= last.as_slice()),
        }
    }

    /// How many names there are.
    pub(super) const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Gives back what growing took too much.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.slots.shrink_to_fit();
    }

    /// The name at `index` and what the directory says it is.
    pub(super) fn at(&self, index: usize) -> Option<(&[u8], FileType)> {
        let slot = self.slots.get(index)?;
        Some((self.name(slot)?, slot.kind))
    }

    /// How much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity() + self.slots.capacity() * size_of::<Slot>()
    }

    /// The last name.
    pub(super) fn last(&self) -> Option<&[u8]> {
        self.name(self.slots.last()?)
    }

    fn name(&self, slot: &Slot) -> Option<&[u8]> {
        let at = slot.at as usize;
        self.bytes.get(at..at + usize::from(slot.length))
    }

    fn used(&self) -> usize {
        self.bytes.len() + self.slots.len() * size_of::<Slot>()
    }

    fn push(&mut self, name: &[u8], kind: FileType) {
        // a budget is far below 4 GiB, a name far below 64 KiB
        let at = u32::try_from(self.bytes.len());
        let length = u16::try_from(name.len());
        if let (Ok(at), Ok(length)) = (at, length) {
            if self.bytes.capacity() - self.bytes.len() < name.len() {
                // doubling would take twice the budget at worst
                let step = self.bytes.len().clamp(STEP_LEAST, STEP_MOST);
                self.bytes.reserve_exact(step.max(name.len()));
            }
            self.bytes.extend_from_slice(name);
            self.slots.push(Slot { at, length, kind });
        }
    }

    fn sort(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.sort_unstable_by(|a, b| self.name(a).cmp(&self.name(b)));
        self.slots = slots;
    }
}

/// A batch while the directory is being read.
struct Batch {
    names: Names,
    budget: usize,
    /// Names from this one on are for a later batch.
    last: Option<Vec<u8>>,
}

impl Batch {
    fn offer(&mut self, from: &From, name: &[u8], kind: FileType) {
        match name {
            b"." | b".." => return,
            b".gitignore" => self.names.gitignore = true,
            b".ignore" => self.names.ignore = true,
            _ => {}
        }
        let wanted = match from {
            From::Start => true,
            From::At(least) => name >= least.as_slice(),
            From::After(before) => name > before.as_slice(),
        };
        if !wanted {
            return;
        }
        if self
            .last
            .as_ref()
            .is_some_and(|last| name >= last.as_slice())
        {
            self.names.more = true;
            return;
        }
        if self.names.used() + name.len() + size_of::<Slot>() > self.budget {
            self.halve();
            if self
                .last
                .as_ref()
                .is_some_and(|last| name >= last.as_slice())
            {
                return;
            }
        }
        self.names.push(name, kind);
    }

    /// Keeps the smaller half of the names.
    fn halve(&mut self) {
        let count = self.names.slots.len();
        if count < 2 {
            return;
        }
        let mut slots = std::mem::take(&mut self.names.slots);
        let names = &self.names;
        let (_, middle, _) =
            slots.select_nth_unstable_by(count / 2, |a, b| names.name(a).cmp(&names.name(b)));
        self.last = names.name(middle).map(<[u8]>::to_vec);
        slots.truncate(count / 2);
        let mut kept = Names {
            more: true,
            gitignore: names.gitignore,
            ignore: names.ignore,
            ..Names::default()
        };
        for slot in &slots {
            if let Some(name) = names.name(slot) {
                kept.push(name, slot.kind);
            }
        }
        self.names = kept;
    }

    fn finish(mut self) -> Names {
        self.names.sort();
        self.names
    }
}

/// Whether the directory `dir` has an entry of exactly this name.
pub(super) fn has(dir: impl AsFd, name: &[u8]) -> Result<bool, Errno> {
    let mut buffer = Vec::<u8>::with_capacity(BUFFER);
    let mut entries = RawDir::new(dir, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        if entry?.file_name().to_bytes() == name {
            return Ok(true);
        }
    }
    Ok(false)
}

/// By how much the room for names grows.
const STEP_LEAST: usize = 1 << 10;
const STEP_MOST: usize = 1 << 20;
/// What the kernel writes at once.
const BUFFER: usize = 32 << 10;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "tests make the files they look at"
    )]

    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::prelude::*;
    use rustix::fs::Mode;
    use rustix::fs::OFlags;

    use super::*;
    use crate::testing::World;

    fn names_of(batch: &Names, from: usize) -> Vec<Vec<u8>> {
        let names = (from..batch.len()).filter_map(|at| batch.at(at));
        names.map(|(name, _)| name.to_vec()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn batches_together_are_all_names_in_order(
            names in btree_set("[a-z.]{3,12}", 0..80), budget in 1_usize..400, from in "[a-z.]{0,3}"
        ) {
            let names: BTreeSet<String> = names.into_iter().filter(|name| *name != "...").collect();
            let world = World::new(&[], "");
            for name in &names {
                std::fs::write(world.path(name), "").unwrap();
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let dir = rustix::fs::open(world.path(""), flags, Mode::empty()).unwrap();
            let (call, mut buffer) = (world.request("public"), Vec::new());
            let name = from.into_bytes();
            for first in [From::Start, From::At(name.clone()), From::After(name)] {
                let is_wanted = |name: &Vec<u8>| match &first {
                    From::Start => true,
                    From::At(least) => name >= least,
                    From::After(last) => name > last,
                };
                let all = names.iter().map(|name| name.clone().into_bytes());
                let wanted: Vec<Vec<u8>> = all.filter(is_wanted).collect();
                let mut found = Vec::new();
                let mut next = first.clone();
                loop {
                    let batch = Names::read(&dir, &next, budget, &mut buffer, &call).unwrap();
                    // one more name than fits at worst, and it has 12 bytes at most
                    prop_assert!(batch.used() <= budget + 2 * (12 + size_of::<Slot>()));
                    found.extend(names_of(&batch, 0));
                    match batch.last().filter(|_| batch.more) {
                        Some(last) => next = From::After(last.to_vec()),
                        None => break,
                    }
                }
                prop_assert_eq!(&found, &wanted);
                let all = Names::read(&dir, &From::Start, 1 << 20, &mut buffer, &call).unwrap();
                prop_assert_eq!(names_of(&all, all.seek(&first)), wanted);
            }
        }
    }
}
