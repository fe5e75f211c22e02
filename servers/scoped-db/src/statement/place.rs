//! Refusals and where they point to.

use guard::error::Denial;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Span;

/// What everything in here returns.
pub(super) type Outcome<T = ()> = Result<T, Denial>;

/// A refusal at `place`.
pub(super) fn denied(reason: &'static str, place: Location) -> Denial {
    let whole = |number: u64| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
    Denial::Statement {
        reason,
        line: whole(place.line),
        column: whole(place.column),
    }
}

/// A refusal at the start of `span`.
pub(super) fn refuse<T>(reason: &'static str, span: Span) -> Outcome<T> {
    Err(denied(reason, span.start))
}

/// The start of the text.
pub(super) const START: Location = Location { line: 1, column: 1 };
