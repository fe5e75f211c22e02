//! Security labels: how sensitive a value is, and who may see it.
//!
//! A [`Label`] is a point in a lattice: a level of a chain, and a set of
//! categories. Combining values joins their labels; a value may flow to a reader
//! only if its label lies below the reader's [`Clearance`]. The words for levels
//! and categories are the [`Taxonomy`]'s.
//!
//! # Invariants
//!
//! - `join` is commutative, associative, idempotent and never lowers (property tests).
//! - The only way to take a value out of [`Labeled`] is [`Labeled::release`].
//! - [`Label`] and [`Clearance`] cannot stand for each other in a call.

mod taxonomy;
pub mod wire;

pub use taxonomy::InvalidTaxonomy;
pub use taxonomy::Taxonomy;
pub use taxonomy::UnknownLabel;
pub use taxonomy::japanese;

use crate::error::Denial;

/// How sensitive one value is: a level and a set of categories.
///
/// The default is the bottom of the lattice: public.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Label {
    level: u8,
    categories: u64,
}

impl Label {
    /// The bottom of every lattice: flows to everybody.
    pub const PUBLIC: Self = Self {
        level: 0,
        categories: 0,
    };

    /// The least label that both may flow to.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        Self {
            level: if self.level > other.level {
                self.level
            } else {
                other.level
            },
            categories: self.categories | other.categories,
        }
    }

    /// Whether a value so labelled may be shown to a reader so cleared.
    #[must_use]
    pub fn flows_to(self, clearance: Clearance) -> bool {
        clearance.covering(self).is_some()
    }

    /// Whether this label lies at or below `other` in the lattice.
    #[must_use]
    pub const fn is_below(self, other: Self) -> bool {
        self.level <= other.level && self.categories & !other.categories == 0
    }
}

/// The most sensitive labels that a reader may see.
///
/// Up to [`Clearance::MOST`] labels that lie beside each other in the lattice: whoever is
/// cleared for `internal+health` in one role and for `confidential` in another may see what
/// lies below either, and not `confidential+health`, which no role gave. The default sees what
/// is public and nothing else.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Clearance {
    // unused places hold the bottom, which everybody sees anyway
    most: [Label; Self::MOST],
}

impl Clearance {
    /// How many labels beside each other a clearance can hold.
    pub const MOST: usize = 4;

    /// Cleared for everything at or below `label`.
    #[must_use]
    pub const fn up_to(label: Label) -> Self {
        Self {
            most: [label, Label::PUBLIC, Label::PUBLIC, Label::PUBLIC],
        }
    }

    /// Cleared for what either is cleared for. Where that would be more labels than a
    /// clearance holds, the last is left out: less may be seen, never more.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut most: Vec<Label> = Vec::with_capacity(2 * Self::MOST);
        for label in self.most.into_iter().chain(other.most) {
            if !most.iter().any(|kept| label.is_below(*kept)) {
                most.retain(|kept| !kept.is_below(label));
                most.push(label);
            }
        }
        let mut sum = Self::default();
        for (place, label) in sum.most.iter_mut().zip(most) {
            *place = label;
        }
        sum
    }

    /// The label by which this clearance covers `label`, if it does.
    #[must_use]
    pub fn covering(self, label: Label) -> Option<Label> {
        self.most.into_iter().find(|most| label.is_below(*most))
    }

    /// The labels that this clearance reaches up to, none below another.
    pub fn ceilings(self) -> impl Iterator<Item = Label> {
        let first = self.most.first().copied();
        let rest = self.most.into_iter().skip(1);
        first
            .into_iter()
            .chain(rest.filter(|label| *label != Label::PUBLIC))
    }
}

/// A value that cannot be taken out without a clearance.
#[derive(Debug)]
#[must_use]
pub struct Labeled<T> {
    value: T,
    label: Label,
}

impl<T> Labeled<T> {
    /// Attaches `label` to `value`.
    pub const fn new(value: T, label: Label) -> Self {
        Self { value, label }
    }

    /// The label of the value.
    pub const fn label(&self) -> Label {
        self.label
    }

    /// Changes the value under its label.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Labeled<U> {
        Labeled::new(change(self.value), self.label)
    }

    /// Hands out the value if it may flow to `clearance`.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] otherwise; the value is dropped.
    pub fn release(self, clearance: Clearance) -> Result<T, Denial> {
        if self.label.flows_to(clearance) {
            Ok(self.value)
        } else {
            Err(Denial::NotCleared)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = Label> {
        (0_u8..4, 0_u64..16).prop_map(|(level, categories)| Label { level, categories })
    }

    proptest! {
        #[test]
        fn a_join_obeys_the_lattice_laws(a in label(), b in label(), c in label()) {
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
            prop_assert_eq!(a.join(Label::PUBLIC), a);
        }

        #[test]
        fn a4_a_join_is_visible_exactly_to_those_who_may_see_both(a in label(), b in label(), r in label()) {
            let reader = Clearance::up_to(r);
            prop_assert_eq!(
                a.join(b).flows_to(reader),
                a.flows_to(reader) && b.flows_to(reader)
            );
        }

        #[test]
        fn flowing_is_a_partial_order(a in label(), b in label(), c in label()) {
            let up_to = Clearance::up_to;
            prop_assert!(a.flows_to(up_to(a)));
            if a.flows_to(up_to(b)) && b.flows_to(up_to(a)) {
                prop_assert_eq!(a, b);
            }
            if a.flows_to(up_to(b)) && b.flows_to(up_to(c)) {
                prop_assert!(a.flows_to(up_to(c)));
            }
        }

        #[test]
        fn release_gives_only_what_flows(a in label(), r in label()) {
            let reader = Clearance::up_to(r);
            prop_assert_eq!(Labeled::new((), a).release(reader).is_ok(), a.flows_to(reader));
        }

        #[test]
        fn two_clearances_show_exactly_what_either_shows(a in label(), r in label(), s in label(), t in label()) {
            let clearances = [r, s, t].map(Clearance::up_to);
            let all = clearances.into_iter().fold(Clearance::default(), Clearance::or);
            let either = clearances.iter().any(|one| a.flows_to(*one)) || a == Label::PUBLIC;
            prop_assert_eq!(a.flows_to(all), either);
        }

        #[test]
        fn a_clearance_that_overflows_shows_less_and_never_more(a in label(), many in prop::collection::vec(label(), 0..12)) {
            let all = many.iter().fold(Clearance::default(), |sum, l| sum.or(Clearance::up_to(*l)));
            let either = many.iter().any(|one| a.is_below(*one)) || a == Label::PUBLIC;
            prop_assert!(!a.flows_to(all) || either);
        }
    }
}
