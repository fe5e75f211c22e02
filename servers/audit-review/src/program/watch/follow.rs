//! Goes along a trail with a watch, and records what it finds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;

use guard::audit::Audit;
use guard::audit::Link;
use guard::audit::Position;
use guard::audit::Trouble;
use guard::program::StartError;

use super::failed;
use crate::effects::Met;
use crate::effects::Trail;
use crate::watch::Known;
use crate::watch::Watch;
use crate::watch::finding::Finding;
use crate::watch::finding::Key;
use crate::watch::seen::Seen;
use crate::watch::settings::Settings;
use crate::watch::state::Place;
use crate::watch::state::State;
use crate::watch::state::StateFile;
use crate::watch::state::follows;

/// A watch on its way along a trail.
#[derive(Debug)]
pub(super) struct Follow {
    trail: Trail,
    watch: Watch,
    at: Option<Position>,
    /// Position and hash of the last record, as they were saved.
    last: Option<(u64, String)>,
    /// The same of the last record that was read since.
    link: Option<Link>,
    /// Set after a start: the next record is held against `last`.
    resumed: bool,
    /// Findings that an earlier run recorded after what it saved.
    recorded: BTreeSet<Key>,
    keep: Option<(StateFile, Arc<Audit>)>,
    saved: Option<DateTime<Utc>>,
    /// Whether there is something that was not saved.
    changed: bool,
}

impl Follow {
    /// From the beginning, writing nothing.
    pub(super) fn anew(trail: Trail, settings: Settings) -> Self {
        Self {
            trail,
            watch: Watch::new(settings, Known::default()),
            at: None,
            last: None,
            link: None,
            resumed: false,
            recorded: BTreeSet::new(),
            keep: None,
            saved: None,
            changed: false,
        }
    }

    /// From where `state` says, recording what is found.
    pub(super) fn on(
        trail: Trail,
        settings: Settings,
        state: Option<State>,
        keep: (StateFile, Arc<Audit>),
    ) -> Result<Self, Trouble> {
        let mut follow = Self::anew(trail, settings.clone());
        if let Some(State { place, known }) = state {
            follow.watch = Watch::new(settings, known);
            follow.last = place.last().cloned();
            follow.resumed = true;
            follow.at = Some(place.position());
        }
        follow.recorded = follow.findings_ahead()?;
        follow.keep = Some(keep);
        Ok(follow)
    }

    /// Looks at what was written since; each finding is recorded, then told.
    pub(super) fn look(
        &mut self,
        now: DateTime<Utc>,
        tell: &mut dyn FnMut(&Finding) -> Result<(), StartError>,
    ) -> Result<(), StartError> {
        self.jump_over_what_was_pruned(tell, now)?;
        let mut found = Vec::new();
        loop {
            let mut seen_one = false;
            let (watch, last, resumed) = (&mut self.watch, &self.last, &mut self.resumed);
            let before = &mut self.link;
            let each = |met: Met<'_>| {
                seen_one = true;
                match met {
                    Met::Event(event, link) => {
                        if std::mem::take(resumed) && !follows(event, last.as_ref()) {
                            let place = "a record does not follow the last one that was seen";
                            watch.broken(place, link.seq, &mut found);
                        }
                        // a keyed hash, and no client reads the trail
                        watch.seed(event.text("hash").unwrap_or_default());
                        watch.see(&Seen::of(event), &mut found);
                        *before = Some(link);
                    }
                    Met::Bad(place) => {
                        let seq = before.map_or(0, |link| link.seq);
                        watch.broken(&place, seq, &mut found);
                    }
                }
                if found.is_empty() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            };
            let walked = match self.at.take() {
                Some(at) => self.trail.walk_from(at, each).map(Some),
                None => self.trail.walk_since(None, each),
            };
            self.at = walked.map_err(failed)?;
            self.changed |= seen_one;
            if found.is_empty() {
                break;
            }
            for finding in found.drain(..) {
                self.record(&finding, now, tell)?;
            }
        }
        if self.keep.is_some() {
            self.watch.idle(now.timestamp(), &mut found);
            for finding in found.drain(..) {
                self.record(&finding, now, tell)?;
            }
        }
        let is_old = |saved: DateTime<Utc>| (now - saved).num_seconds() >= SAVE_EVERY;
        if self.saved.is_none_or(is_old) {
            self.save(now)?;
        }
        Ok(())
    }

    /// Saves what was learned and records the end.
    pub(super) fn close(mut self, now: DateTime<Utc>) -> Result<(), StartError> {
        self.save(now)?;
        match self.keep {
            Some((_, audit)) => Ok(audit.close(now)?),
            None => Ok(()),
        }
    }

    fn record(
        &mut self,
        finding: &Finding,
        now: DateTime<Utc>,
        tell: &mut dyn FnMut(&Finding) -> Result<(), StartError>,
    ) -> Result<(), StartError> {
        self.changed = true;
        if self.recorded.remove(&finding.key()) {
            return Ok(());
        }
        if let Some((_, audit)) = &self.keep {
            audit.write_blocking(finding.record(now))?;
        }
        tell(finding)
    }

    fn save(&mut self, now: DateTime<Utc>) -> Result<(), StartError> {
        self.saved = Some(now);
        let (Some((file, _)), Some(at), true) = (&self.keep, &self.at, self.changed) else {
            return Ok(());
        };
        let state = State {
            place: Place::new(at, self.last()),
            known: self.watch.known().clone(),
        };
        file.save(&state)
            .map_err(|cause| StartError::step("save what was learned", cause))?;
        self.changed = false;
        Ok(())
    }

    fn last(&self) -> Option<(u64, String)> {
        let read = self.link.map(|link| (link.seq, link.hash.to_string()));
        read.or_else(|| self.last.clone())
    }

    /// The findings in the trail from here on: they are there already.
    fn findings_ahead(&self) -> Result<BTreeSet<Key>, Trouble> {
        let mut keys = BTreeSet::new();
        let each = |met: Met<'_>| {
            if let Met::Event(event, _) = met
                && event.text("kind") == Some("detect")
            {
                keys.insert((
                    event.text("detect.rule").unwrap_or_default().to_owned(),
                    event.text("principal.id").map(str::to_owned),
                    event.number("detect.last").unwrap_or_default(),
                ));
            }
            ControlFlow::Continue(())
        };
        match &self.at {
            Some(at) if self.trail.has(at)? => {
                let _end = self.trail.walk_from(at.clone(), each)?;
            }
            _ => {
                let _end = self.trail.walk_since(None, each)?;
            }
        }
        Ok(keys)
    }

    /// Where retention removed the file that is read, goes on with the first that is there.
    fn jump_over_what_was_pruned(
        &mut self,
        tell: &mut dyn FnMut(&Finding) -> Result<(), StartError>,
        now: DateTime<Utc>,
    ) -> Result<(), StartError> {
        let Some(at) = &self.at else { return Ok(()) };
        if self.trail.has(at).map_err(failed)? {
            return Ok(());
        }
        let mut found = Vec::new();
        let seq = self.last().map_or(0, |(seq, _)| seq);
        let place = "the file that was read last is gone: what came after it was not seen";
        self.watch.broken(place, seq, &mut found);
        (self.at, self.last, self.link, self.resumed) = (None, None, None, false);
        for finding in found {
            self.record(&finding, now, tell)?;
        }
        Ok(())
    }
}

/// So many seconds between two saves; what was found in between is known by its record.
const SAVE_EVERY: i64 = 60;
