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
    pub const fn flows_to(self, clearance: Clearance) -> bool {
        self.level <= clearance.0.level && self.categories & !clearance.0.categories == 0
    }
}

/// The most sensitive label that a reader may see.
///
/// The default sees what is public and nothing else.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Clearance(Label);

impl Clearance {
    /// Cleared for everything at or below `label`.
    #[must_use]
    pub const fn up_to(label: Label) -> Self {
        Self(label)
    }

    /// The least clearance that includes both, for a reader with several roles.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.join(other.0))
    }

    /// The most sensitive label that this clearance covers.
    #[must_use]
    pub const fn ceiling(self) -> Label {
        self.0
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
        fn more_clearance_never_hides(a in label(), r in label(), s in label()) {
            let (r, s) = (Clearance::up_to(r), Clearance::up_to(s));
            prop_assert!(!a.flows_to(r) || a.flows_to(r.and(s)));
        }
    }
}
