//! What a trail is held against: keys, and checkpoints that were kept elsewhere.
//!
//! # Invariants
//!
//! - A key that was not given is believed only once one that is says so, in a signed statement:
//!   a line of the chain is no such thing.
//! - Where no key is given, the trail speaks for itself, and the verdict says so.

use super::chain::Hash;
use super::chain::Why;
use super::checkpoint::Statement;
use super::merkle::Tree;
use super::note::Checkpoint;
use super::note::Said;
use super::note::VerifierKey;
use super::trouble::Trouble;

/// What a trail is held against. The default trusts nothing.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The keys that may sign it. Whom one of them hands over to may, too.
    pub keys: Vec<VerifierKey>,
    /// Checkpoints of it that were kept elsewhere, believed for where they were kept; if there
    /// are keys, one of them must have signed each.
    pub anchors: Vec<Checkpoint>,
}

/// Holds what goes by against what is trusted.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    keyed: bool,
    keys: Vec<VerifierKey>,
    /// By size, the smallest first.
    anchors: Vec<&'a Checkpoint>,
    /// How many of them were held against the trail.
    used: usize,
    /// The furthest permission to prune: the first segment to stay, and what was before it.
    pruned: Option<(u64, u64, Hash)>,
}

/// What a checkpoint of the trail is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Worth {
    /// A given key stands behind it.
    Trusted,
    /// It is in order, but only the trail itself names the key.
    Named,
    /// No known key signed it.
    Unknown,
}

impl<'a> Judge<'a> {
    pub(super) fn new(trust: &'a Trust) -> Self {
        let mut anchors: Vec<_> = trust.anchors.iter().collect();
        anchors.sort_by_key(|anchor| anchor.size());
        Self {
            keyed: !trust.keys.is_empty(),
            keys: trust.keys.clone(),
            anchors,
            used: 0,
            pruned: None,
        }
    }

    /// Whether all anchors speak of the chain with that origin.
    pub(super) fn is_of(&self, origin: &str) -> bool {
        self.anchors.iter().all(|anchor| anchor.origin() == origin)
    }

    /// Passes over the anchors of what was pruned: fewer lines than `first`. Says how many.
    pub(super) fn skip(&mut self, first: u64) -> u64 {
        let old = |anchor: &&&Checkpoint| anchor.size() < first;
        self.used = self.anchors.iter().take_while(old).count();
        self.used as u64
    }

    /// The head of a segment names `key`.
    pub(super) fn head(&mut self, key: &VerifierKey) {
        if !self.keyed {
            self.add(key.clone());
        }
    }

    /// What a checkpoint of the trail is worth.
    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<Worth, Why> {
        let statement = Statement::of(checkpoint);
        if let (false, Some(Statement::Rotate(key))) = (self.keyed, &statement) {
            self.add(key.clone());
        }
        let mut signed = false;
        for key in &self.keys {
            match checkpoint.asked(key) {
                Said::Yes => signed = true,
                Said::Forged => return Err(Why::Signature),
                Said::Nothing => {}
            }
        }
        if !signed {
            return Ok(Worth::Unknown);
        }
        match statement {
            Some(Statement::Rotate(key)) => self.add(key),
            Some(Statement::Prune {
                segment,
                size,
                root,
            }) if self.pruned.is_none_or(|(before, ..)| before < segment) => {
                self.pruned = Some((segment, size, root));
            }
            Some(Statement::Prune { .. }) | None => {}
        }
        Ok(if self.keyed {
            Worth::Trusted
        } else {
            Worth::Named
        })
    }

    /// Holds the anchors of the size of `tree` against it: whether one of them fits, or `None` if
    /// one does not.
    pub(super) fn tree(&mut self, tree: &Tree) -> Option<bool> {
        let mut fits = false;
        while let Some(anchor) = self.anchors.get(self.used) {
            if anchor.size() != tree.size() {
                break;
            }
            if anchor.root() != tree.root() {
                return None;
            }
            fits = true;
            self.used += 1;
        }
        Some(fits)
    }

    /// Whether an anchor speaks of more lines than there were.
    pub(super) fn misses_lines(&self) -> bool {
        self.used < self.anchors.len()
    }

    /// The first segment that has to be there, where that of the number `first` is the first
    /// that is, and `start` is the tree before it.
    pub(super) fn first_due(&self, first: u64, start: &Tree) -> u64 {
        match self.pruned {
            _ if first == 1 => 1,
            // the permission goes further: who pruned was interrupted
            Some((segment, ..)) if first < segment => first,
            Some((segment, size, root))
                if first > segment || (start.size(), start.root()) == (size, root) =>
            {
                segment
            }
            Some(_) | None => 1,
        }
    }

    /// Every anchor must be signed by a key that is trusted by now.
    pub(super) fn check_anchors(&self) -> Result<(), Trouble> {
        let signed = |anchor: &&Checkpoint| self.keys.iter().any(|key| anchor.is_signed_by(key));
        if self.keyed && !self.anchors.iter().all(signed) {
            Err(Trouble::Untrusted)
        } else {
            Ok(())
        }
    }

    fn add(&mut self, key: VerifierKey) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }
}
