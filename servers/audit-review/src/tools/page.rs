//! What the answers have in common: how a record is named, and which go into one answer.

use std::fmt::Write;

use guard::audit::Event;
use guard::audit::Trouble;
use guard::call::Call;
use guard::error::Fault;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;

use crate::server::Inner;

/// What a caller may see of the trail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    inner: &'a Inner,
    clearance: Clearance,
    /// Whether it is everything, and with that the numbers of the lines and the places at which
    /// the trail is not whole.
    pub(super) all: bool,
}

impl<'a> Sight<'a> {
    /// That of the caller of `call`.
    pub(super) fn new(inner: &'a Inner, call: &Call) -> Self {
        let clearance = call.caller().clearance;
        Self {
            inner,
            clearance,
            all: inner.scope.permits_all(clearance),
        }
    }

    /// The label of `event`, if it is there for the caller. One that cannot be named is not
    /// there for anybody.
    pub(super) fn of(&self, event: &Event<'_>) -> Option<Label> {
        let id = event.text("id").unwrap_or_default();
        let is_named = !id.is_empty() && id.len() <= ID;
        is_named
            .then(|| self.inner.scope.permit_see(event, self.clearance))
            .flatten()
    }

    /// How the caller may ask for `event`: by its number only who sees all numbers, for those
    /// tell how many there are between.
    pub(super) fn handle(&self, event: &Event<'_>) -> String {
        if self.all {
            format!("#{}", event.seq())
        } else {
            let mut handle = String::new();
            crate::show::quoted(&mut handle, event.text("id").unwrap_or_default());
            handle
        }
    }

    /// The label of an answer that holds nothing yet.
    pub(super) fn mix(&self) -> Mix {
        Mix {
            label: self.inner.scope.least(),
            clearance: self.clearance,
        }
    }
}

/// The label of an answer while it is gathered, as far as its reader is cleared.
///
/// A reader of several roles may see each of two records and not what is made of both; those
/// come in answers of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix {
    label: Label,
    clearance: Clearance,
}

impl Mix {
    /// Joins in what goes into the answer. No if it does not go with what is in there already.
    pub(super) fn admits(&mut self, label: Label) -> bool {
        let joined = self.label.join(label);
        let goes = joined.flows_to(self.clearance);
        if goes {
            self.label = joined;
        }
        goes
    }

    /// The label of all of it.
    pub(super) const fn label(self) -> Label {
        self.label
    }
}

/// Ends a long walk for which nobody waits any more. To be asked at every record.
#[derive(Debug)]
pub(super) struct Patience<'a> {
    call: &'a Call,
    count: u32,
}

impl<'a> Patience<'a> {
    pub(super) const fn new(call: &'a Call) -> Self {
        Self { call, count: 0 }
    }

    /// Whether it is over; [`Patience::end`] says why.
    pub(super) fn is_over(&mut self) -> bool {
        self.count = self.count.wrapping_add(1);
        self.count.is_multiple_of(EVERY) && self.call.check().is_err()
    }

    /// # Errors
    ///
    /// That the call was taken back, or is out of time.
    pub(super) fn end(self) -> Result<(), Refusal> {
        Ok(self.call.check()?)
    }
}

/// A fault of reading the trail.
pub(super) fn unread(trouble: Trouble) -> Refusal {
    Fault::new("read the trail", trouble).into()
}

/// Says to who may know it that the trail is not whole.
pub(super) fn push_broken(text: &mut String, bad: u64, first: Option<&str>) {
    if bad > 0 {
        text.push_str("[the trail is not whole: ask verify_trail");
        if let Some(first) = first {
            // writing to a String cannot fail
            let _written = write!(text, "; {bad} places, the first: {first}");
        }
        text.push_str("]\n");
    }
}

/// How many records are looked at between two looks at the clock.
const EVERY: u32 = 64;
/// The longest id: that of a UUID.
pub(super) const ID: usize = 36;
/// What every answer is about, in the record of it.
pub(super) const TRAIL: &str = "audit://trail";
