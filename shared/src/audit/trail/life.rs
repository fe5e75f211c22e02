//! How a process begins and ends on a trail, and how it takes it over from another key.

use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::super::checkpoint::Statement;
use super::super::instance::Dead;
use super::super::instance::Effect;
use super::super::mark::Held;
use super::super::place::Place;
use super::super::record::Record;
use super::super::trouble::Trouble;
use super::super::words::Kind;
use super::super::words::Outcome;
use super::super::words::Phase;
use super::Due;
use super::Entry;
use super::Trail;
use super::id;

impl Trail {
    /// Recovers what dead processes left, and records that this one begins. The chain is held.
    pub(in crate::audit) fn start(
        &mut self,
        held: &Held<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Trouble> {
        self.directory.check()?;
        self.settle(held, now)?;
        self.hand_over(held, now)?;
        let dead = Dead::all(&self.directory)?;
        if let Some((chain, _)) = &self.here {
            for process in &dead {
                for intent in process.open_intents(&self.directory, chain)? {
                    let unknown = unknown_outcome(intent, now)?;
                    self.own.push(unknown.encode(&self.stamp));
                }
            }
        }
        let mut open = Record::new(Kind::Log, id(now)?, now);
        open.action = Some("open");
        open.policy_hash = self.stamp.policy_hash.clone().map(Into::into);
        self.own.push(open.encode(&self.stamp));
        self.commit_held(held, &[], now)?;
        dead.iter()
            .try_for_each(|process| process.remove(&self.directory))?;
        held.sync()
    }

    /// Records how the intents of this process ended that nobody told the end of.
    pub(in crate::audit) fn finish(&mut self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let mut entries = Vec::new();
        for intent in self.instance.open_intents() {
            entries.push(Entry {
                body: unknown_outcome(intent, now)?.encode(&self.stamp),
                effect: Effect::Ends(intent),
            });
        }
        let due = self.is_uncovered();
        self.due = due.then(|| self.own_checkpoint());
        if due || !entries.is_empty() {
            self.commit(&entries, now)?;
        }
        self.instance.remove(&self.directory);
        Ok(())
    }

    /// Signs what this process wrote a while ago, when nothing followed that would have made it.
    pub(in crate::audit) fn cover(&mut self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let old = |place: &Place| self.is_old(place, now);
        if !self.is_uncovered() || !self.here.as_ref().is_some_and(|(_, place)| old(place)) {
            return Ok(());
        }
        self.due = Some(self.own_checkpoint());
        self.commit(&[], now)
    }

    /// Where another key spoke for the chain, the chain is told that this one does now, by the
    /// other one if it is at hand.
    fn hand_over(&mut self, held: &Held<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
        let own = self.signers.own.verifier().clone();
        let Some((_, place)) = &self.here else {
            return Ok(());
        };
        let Some(speaker) = place.spoken.by.clone() else {
            return Ok(());
        };
        if speaker.is_forged(&own) {
            return Err(Trouble::Damaged("the last checkpoint of the trail"));
        }
        if speaker.is(&own) {
            return Ok(());
        }
        let former = self.signers.former(&speaker);
        let mut rotate = Record::new(Kind::Admin, id(now)?, now);
        rotate.action = Some("rotate");
        if let Some(former) = &former {
            rotate.notes.insert("key.old.id", former.verifier().id());
        }
        rotate.notes.insert("key.new.id", own.id());
        rotate.notes.insert("key.new", own.to_string());
        self.own.push(rotate.encode(&self.stamp));
        self.due = Some(Due {
            key: former.unwrap_or_else(|| Arc::clone(&self.signers.own)),
            statement: Some(Statement::Rotate(own)),
        });
        self.commit_held(held, &[], now)
    }
}

fn unknown_outcome(intent: Uuid, now: DateTime<Utc>) -> Result<Record<'static>, Trouble> {
    let mut record = Record::new(Kind::Request, id(now)?, now);
    record.phase = Some(Phase::Outcome);
    record.intent = Some(intent);
    record.outcome = Some(Outcome::Unknown);
    record.reason = Some("the process ended in between".into());
    Ok(record)
}
