//! The Merkle tree over the lines of a chain: one root stands for all of them (RFC 6962 section
//! 2.1, RFC 9162 section 2.1).
//!
//! The data of a leaf is the hash of a line, 32 bytes. The line with the number `seq` is the leaf
//! `seq - 1`, so the size of the tree is the number of its last line.
//!
//! # Invariants
//!
//! - A [`Tree`] keeps one hash for each bit of its size that is set, at most 64, and grows by a
//!   line without any other line (property test against the definition).
//! - A proof for one leaf, one size and one root verifies for no other (property test).

use std::ops::Range;

use sha2::Digest;
use sha2::Sha256;

use super::chain::Hash;

/// A tree that grows at its right end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Tree {
    size: u64,
    /// The roots of the full trees that the leaves fall into, the largest first.
    frontier: Vec<Hash>,
}

impl Tree {
    /// The tree of that size and frontier; `None` if they do not belong together.
    pub(super) fn restore(size: u64, frontier: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()) == Ok(frontier.len());
        fits.then_some(Self { size, frontier })
    }

    /// How many leaves it has.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the full trees that the leaves fall into, the largest first.
    pub(super) fn frontier(&self) -> &[Hash] {
        &self.frontier
    }

    /// Adds the line with that hash.
    pub(super) fn push(&mut self, line: Hash) {
        self.push_node(leaf(line));
    }

    fn push_node(&mut self, mut node: Hash) {
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.frontier.pop() {
                node = join(left, node);
            }
            size >>= 1;
        }
        self.frontier.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The one hash that stands for all leaves; of no leaves the hash of nothing.
    pub(super) fn root(&self) -> Hash {
        let mut nodes = self.frontier.iter().rev().copied();
        let Some(last) = nodes.next() else {
            return Hash::from_bytes(Sha256::digest([]).into());
        };
        nodes.fold(last, |right, left| join(left, right))
    }

    /// The full trees that the leaves fall into: which leaves, and their root.
    fn parts(&self) -> impl Iterator<Item = (Range<u64>, Hash)> {
        let mut start = 0;
        self.frontier.iter().map(move |&root| {
            let rest = self.size - start;
            let width = 1_u64 << rest.checked_ilog2().unwrap_or_default();
            let range = start..start + width;
            start += width;
            (range, root)
        })
    }
}

/// The hash of a leaf.
pub(super) fn leaf(line: Hash) -> Hash {
    let mut bytes = [0; 33];
    if let Some(room) = bytes.get_mut(1..) {
        room.copy_from_slice(line.bytes());
    }
    Hash::from_bytes(Sha256::digest(bytes).into())
}

/// The hash of the node above two others.
fn join(left: Hash, right: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.bytes());
    hasher.update(right.bytes());
    Hash::from_bytes(hasher.finalize().into())
}

/// Gathers the hashes of a proof while the leaves go by, in bounded memory.
#[derive(Debug)]
pub(super) struct Gatherer {
    /// Which leaves each hash of the proof stands for, in the order of the proof.
    wanted: Vec<(Range<u64>, Tree)>,
    /// Everything that is wanted before this leaf is a part of the tree of this size.
    pivot: u64,
}

impl Gatherer {
    /// For the proof that the leaf `index` is in the tree of `size`; `None` if it is not.
    pub(super) fn inclusion(index: u64, size: u64) -> Option<Self> {
        let mut wanted = Vec::new();
        let (mut start, mut end) = (0, size);
        if index >= size {
            return None;
        }
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                wanted.push(middle..end);
                end = middle;
            } else {
                wanted.push(start..middle);
                start = middle;
            }
        }
        Some(Self::new(wanted, index))
    }

    /// For the proof that the tree of size `old` is the beginning of the tree of size `new`;
    /// `None` if it cannot be.
    pub(super) fn consistency(old: u64, new: u64) -> Option<Self> {
        let mut wanted = Vec::new();
        let (mut start, mut end) = (0, new);
        if old == 0 || old > new {
            return None;
        }
        while end != old {
            let middle = start + split(end - start);
            if old <= middle {
                wanted.push(middle..end);
                end = middle;
            } else {
                wanted.push(start..middle);
                start = middle;
            }
        }
        // the old root itself is known to who verifies
        if start > 0 {
            wanted.push(start..end);
        }
        Some(Self::new(wanted, old))
    }

    fn new(wanted: Vec<Range<u64>>, pivot: u64) -> Self {
        let wanted = wanted.into_iter().rev();
        Self {
            wanted: wanted.map(|range| (range, Tree::default())).collect(),
            pivot,
        }
    }

    /// Where the proof turns: the leaf itself, or the size of the old tree. All lines from
    /// there on must be shown.
    pub(super) const fn pivot(&self) -> u64 {
        self.pivot
    }

    /// Takes what `tree`, which has the size of the pivot, knows.
    pub(super) fn turn(&mut self, tree: &Tree) {
        for (range, root) in tree.parts() {
            for (wanted, found) in &mut self.wanted {
                if *wanted == range {
                    *found = Tree {
                        size: 1,
                        frontier: vec![root],
                    };
                }
            }
        }
    }

    /// Takes the line that is the leaf `index`, which is not before the pivot.
    pub(super) fn push(&mut self, index: u64, line: Hash) {
        let mut wanted = self.wanted.iter_mut();
        if let Some((_, tree)) = wanted.find(|(range, _)| range.contains(&index)) {
            tree.push(line);
        }
    }

    /// The hashes of the proof; `None` if a leaf is missing.
    pub(super) fn finish(self) -> Option<Vec<Hash>> {
        let pivot = self.pivot;
        let whole = |(range, tree): (Range<u64>, Tree)| {
            let leaves = if range.end <= pivot {
                1
            } else {
                range.end - range.start
            };
            (tree.size == leaves).then(|| tree.root())
        };
        self.wanted.into_iter().map(whole).collect()
    }
}

/// Where a tree of `size`, at least 2, falls into two: the largest power of two below.
fn split(size: u64) -> u64 {
    1 << (size - 1).checked_ilog2().unwrap_or_default()
}

/// Whether `proof` shows that `line` is the leaf `index` of the tree of `size` with `root`
/// (RFC 9162 section 2.1.3.2).
pub(super) fn includes(line: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut found = leaf(line);
    for &hash in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            found = join(hash, found);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            found = join(found, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && found == root
}

/// Whether `proof` shows that the tree `old` (its size and root) is the beginning of the tree
/// `new` (RFC 9162 section 2.1.4.2).
pub(super) fn extends(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 || old_size > new_size {
        return false;
    }
    let mut rest = proof.iter().copied();
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        rest.next()
    };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (first, first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = join(hash, before);
            after = join(hash, after);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            after = join(after, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && before == old_root && after == new_root
}

#[cfg(test)]
mod tests;
