//! What is counted while the trail goes by.

use std::collections::BTreeMap;

use chrono::Datelike;
use chrono::NaiveDate;
use chrono::Timelike;

use guard::audit::Event;

use super::counter::Amount;
use super::counter::Counter;
use crate::query::RESOURCES;
use crate::show::label;

/// The counts of a report.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) records: u64,
    pub(super) intents: u64,
    pub(super) outcomes: Counter<1>,
    /// By principal and label: what was shown to whom.
    pub(super) access: Counter<2>,
    /// By label and resource.
    pub(super) resources: Counter<2>,
    /// By principal and code.
    pub(super) denials: Counter<2>,
    /// By server and tool or method.
    pub(super) tools: Counter<2>,
    /// By what a finding is called and whom it is about.
    pub(super) findings: Counter<2>,
    pub(super) roles: Counter<1>,
    pub(super) grants: Counter<1>,
    /// By role of who was allowed something, and permission that it needed.
    pub(super) permissions: Counter<2>,
    /// Allowed and not, by day.
    pub(super) days: BTreeMap<NaiveDate, (u64, u64)>,
    /// Allowed and not, by hour of the day in UTC.
    pub(super) hours: [(u64, u64); 24],
    /// Intents of which nobody knows how they ended.
    pub(super) unknown: u64,
    /// Places where the trail is not what was written.
    pub(super) bad: u64,
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, event: &Event<'_>) {
        self.records += 1;
        if !event.is_outcome() {
            self.intents += 1;
            return;
        }
        let time = event.time();
        let amount = Amount {
            calls: 1,
            items: event.number("result.items").unwrap_or_default(),
            bytes: event.number("result.bytes").unwrap_or_default(),
            first: time,
            last: time,
        };
        let who = event.text("principal.id").unwrap_or(NOBODY);
        if event.text("kind") == Some("detect") {
            let rule = event.text("detect.rule").unwrap_or("unknown");
            self.findings.add([rule, who], amount);
            return;
        }
        let Some(outcome) = event.text("outcome") else {
            return;
        };
        self.outcomes.add([outcome], amount);
        self.unknown += u64::from(outcome == "unknown");
        let allowed = outcome == "allowed";
        let what = ["gen_ai.tool.name", "mcp.method.name"];
        let what = what.into_iter().find_map(|key| event.text(key));
        let server = event.text("server.name").unwrap_or("unknown");
        self.tools.add([server, what.unwrap_or("none")], amount);
        if allowed {
            self.add_access(event, who, amount);
        } else {
            let code = event.text("error.type").unwrap_or(outcome);
            self.denials.add([who, code], amount);
        }
        if let Some(time) = time {
            let count = |(yes, no): &mut (u64, u64)| *(if allowed { yes } else { no }) += 1;
            if let Some(hour) = usize::try_from(time.hour())
                .ok()
                .and_then(|hour| self.hours.get_mut(hour))
            {
                count(hour);
            }
            let day = time.date_naive();
            // a clock that runs wild must not take all memory
            if self.days.len() < DAYS || self.days.contains_key(&day) {
                count(self.days.entry(day).or_default());
            }
        }
    }

    /// Counts a place where the trail is not what was written.
    pub const fn add_bad(&mut self) {
        self.bad += 1;
    }

    /// Whether every place was what was written.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.bad == 0
    }

    fn add_access(&mut self, event: &Event<'_>, who: &str, amount: Amount) {
        let label = label(event);
        if let Some(label) = &label {
            self.access.add([who, label], amount);
        }
        let what = RESOURCES.into_iter().find_map(|key| event.text(key));
        if let (Some(label), Some(what)) = (&label, what) {
            self.resources.add([label, what], amount);
        }
        let rules = event.text("decision.rule").unwrap_or_default();
        for role in event.texts("principal.roles") {
            self.roles.add([role], amount);
            for rule in rules.split_ascii_whitespace() {
                self.permissions.add([role, rule], amount);
            }
        }
        for grant in event.texts("grant.id") {
            self.grants.add([grant], amount);
        }
    }

    /// The days that are drawn: weeks where there are many.
    pub(super) fn course(&self) -> Vec<(String, u64, u64)> {
        let weeks = self.days.len() > 62;
        let mut course: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
        for (day, (yes, no)) in &self.days {
            let back = if weeks {
                day.weekday().num_days_from_monday()
            } else {
                0
            };
            let start = *day - chrono::TimeDelta::days(i64::from(back));
            let place = course.entry(start).or_default();
            place.0 += yes;
            place.1 += no;
        }
        course
            .into_iter()
            .map(|(day, (yes, no))| (day.to_string(), yes, no))
            .collect()
    }
}

const NOBODY: &str = "(no principal)";
const DAYS: usize = 4000;
