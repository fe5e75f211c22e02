//! Tells the trail and the operator what happens to a receiver.
//!
//! # Invariants
//!
//! - What is recorded names the receiver and holds nothing that it said.
//! - A record that cannot be written stops nothing, and is told: the lines are in the trail already.

use std::sync::Arc;

use guard::audit::Audit;
use guard::audit::Kind;
use guard::audit::Record;
use guard::gate::record_id;

use crate::forward::batch::Notice;
use crate::program::stay::clock;

/// Where it is told.
#[derive(Clone, Debug)]
pub(in crate::program) struct Log {
    audit: Arc<Audit>,
    name: String,
}

impl Log {
    /// About the receiver `name`.
    pub(super) fn new(audit: Arc<Audit>, name: &str) -> Self {
        Self {
            audit,
            name: name.to_owned(),
        }
    }

    /// It begins after the line `seq`.
    pub(super) fn start(&self, seq: Option<u64>) {
        self.write("forward-start", &[("forward.seq", seq.unwrap_or(0))], None);
    }

    /// It ends; it took all up to the line `seq`.
    pub(super) fn stop(&self, seq: Option<u64>) {
        self.write("forward-stop", &[("forward.seq", seq.unwrap_or(0))], None);
    }

    /// It is told that something is not there.
    pub(super) fn notice(&self, notice: &Notice) {
        tracing::warn!(receiver = %self.name, "{}", notice.said());
        let (action, figures) = match notice {
            Notice::Gap { after, next } => (
                "forward-gap",
                vec![("forward.after", *after), ("forward.next", *next)],
            ),
            Notice::Bad { byte, .. } => ("forward-bad", vec![("forward.byte", *byte)]),
            Notice::Shortened {
                segment,
                sent,
                bytes,
            } => (
                "forward-shortened",
                vec![
                    ("forward.segment", *segment),
                    ("forward.byte", *sent),
                    ("forward.bytes", *bytes),
                ],
            ),
        };
        self.write(action, &figures, Some(&notice.said()));
    }

    /// It does not take what comes after the line `seq`, and somebody has to change something.
    pub(super) fn refused(&self, seq: Option<u64>, why: &str) {
        tracing::error!(receiver = %self.name, "it stands at line {}: {why}", seq.unwrap_or(0));
        let figures = [("forward.seq", seq.unwrap_or(0))];
        self.write("forward-refused", &figures, Some(why));
    }

    /// It took a batch and dropped `count` records of it.
    pub(super) fn rejected(&self, count: u64, seq: Option<u64>) {
        let seq = seq.unwrap_or(0);
        tracing::error!(receiver = %self.name, "it dropped {count} records up to line {seq}");
        let figures = [("forward.rejected", count), ("forward.seq", seq)];
        self.write("forward-rejected", &figures, None);
    }

    /// It does not answer, and is tried again.
    pub(super) fn waiting(&self, failures: u32, why: &str) {
        // the first, and then ever more rarely
        if failures.is_power_of_two() {
            tracing::warn!(receiver = %self.name, failures, "not taken, tried again: {why}");
        }
    }

    /// The trail cannot be read, or the position cannot be kept.
    pub(super) fn trouble(&self, said: &str) {
        tracing::error!(receiver = %self.name, "{said}");
    }

    fn write(&self, action: &'static str, figures: &[(&'static str, u64)], said: Option<&str>) {
        let now = clock();
        let mut record = Record::new(Kind::Admin, record_id(now), now);
        record.action = Some(action);
        record.figures = figures.iter().copied().collect();
        record.notes = [("forward.receiver", self.name.clone())].into();
        record.reason = said.map(Into::into);
        if let Err(fault) = self.audit.write_blocking(record) {
            tracing::error!(receiver = %self.name, "not recorded: {}", fault.chain());
        }
    }
}
