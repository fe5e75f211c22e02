//! Goes along a trail, a bounded piece at a time, and knows how far it was sent.
//!
//! # Invariants
//!
//! - Reading a piece changes nothing: until it is said to be sent, the same records come again.
//! - Place and counts move together.

use std::ops::ControlFlow;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use guard::audit::Event;
use guard::audit::Position;
use guard::audit::Trouble;

use super::metric::Meters;
use super::span::Batch;
use super::span::Spans;
use crate::effects::Met;
use crate::effects::Trail;
use crate::watch::state::Place;
use crate::watch::state::Saved;
use crate::watch::state::follows;

/// A trail, and what was sent of it.
#[derive(Debug)]
pub struct Follow {
    trail: Trail,
    spans: Spans,
    sent: Sent,
}

/// What was sent of a trail: how far, and what was counted until there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    place: Option<Place>,
    meters: Meters,
}

impl Saved for Sent {
    const VERSION: &'static str = "keyhole-telemetry/1";
}

/// The next piece of a trail.
#[derive(Debug)]
pub struct Piece {
    /// The spans of it.
    pub spans: Batch,
    /// How many records it has.
    pub records: u64,
    /// What is sent when it is.
    after: Sent,
}

impl Sent {
    /// Nothing yet. `instance` tells this trail from others.
    #[must_use]
    pub fn nothing(now: DateTime<Utc>, instance: String) -> Self {
        Self {
            place: None,
            meters: Meters::new(now, instance),
        }
    }

    /// What was counted.
    #[must_use]
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }
}

impl Piece {
    /// What was counted up to its end.
    #[must_use]
    pub const fn meters(&self) -> &Meters {
        &self.after.meters
    }
}

impl Follow {
    /// On from what was `sent`, making `spans`.
    #[must_use]
    pub const fn on(trail: Trail, spans: Spans, sent: Sent) -> Self {
        Self { trail, spans, sent }
    }

    /// What was sent.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// The records after what was sent, at most [`MOST`]; none if there are none yet.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if the trail cannot be read.
    pub fn next(&self) -> Result<Option<Piece>, Trouble> {
        let mut meters = self.sent.meters.clone();
        let mut from = self.sent.place.as_ref();
        if let Some(place) = from
            && !self.trail.has(&place.position())?
        {
            tracing::warn!("the file that was read last is gone: what came after it was not sent");
            meters.broken();
            from = None;
        }
        let mut last = from.and_then(Place::last).cloned();
        let mut resumed = from.is_some();
        let (mut spans, mut records, mut seen) = (Batch::default(), 0, 0);
        let each = |met: Met<'_>| {
            seen += 1;
            match met {
                Met::Event(event, link) => {
                    if std::mem::take(&mut resumed) && !follows(event, last.as_ref()) {
                        tracing::warn!(
                            seq = link.seq,
                            "a record does not follow the last that was sent"
                        );
                        meters.broken();
                    }
                    last = Some((link.seq, link.hash.to_string()));
                    self.take(event, &mut meters, &mut spans);
                    records += 1;
                }
                Met::Bad(place) => {
                    tracing::warn!(%place, "the trail is not what was written: see `verify`");
                    meters.broken();
                }
            }
            if seen < MOST {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let at: Option<Position> = match from {
            Some(place) => self.trail.walk_from(place.position(), each).map(Some)?,
            None => self.trail.walk_since(None, each)?,
        };
        let Some(at) = at.filter(|_| seen > 0 || meters != self.sent.meters) else {
            return Ok(None);
        };
        let place = Some(Place::new(&at, last));
        Ok(Some(Piece {
            spans,
            records,
            after: Sent { place, meters },
        }))
    }

    /// Says that `piece` was sent.
    pub fn done(&mut self, piece: Piece) {
        self.sent = piece.after;
    }

    fn take(&self, event: &Event<'_>, meters: &mut Meters, spans: &mut Batch) {
        meters.count(event);
        self.spans.add(event, spans);
    }
}

/// The most records, and places that are none, of one piece: some hundred kilobytes.
pub const MOST: u64 = 512;
