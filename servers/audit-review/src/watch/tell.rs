//! Says each thing once: cool-downs, and a bound on findings an hour.
//!
//! # Invariants
//!
//! - What is left out is counted, and the count is told.
//! - A time that went back never prolongs a silence.

use serde::Deserialize;
use serde::Serialize;

use super::finding::Finding;
use super::finding::Level;
use super::finding::Rule;
use super::settings::Settings;

/// When a rule spoke last, about one principal, address or server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Cool(Vec<(Rule, Level, i64)>);

/// How many findings there were in this hour.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Budget {
    hour: i64,
    told: u64,
    /// Not told since the flood was.
    left_out: u64,
}

/// Hands findings on.
#[derive(Debug)]
pub struct Teller<'a> {
    /// Where they go.
    pub out: &'a mut Vec<Finding>,
    /// How many there were.
    pub budget: &'a mut Budget,
    /// The thresholds.
    pub settings: &'a Settings,
    /// The time of the trail.
    pub now: i64,
}

impl Cool {
    /// Whether nothing was told of late.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `rule` may speak at `level`: an alert may after a warning.
    fn permits(&mut self, rule: Rule, level: Level, now: i64, down: i64) -> bool {
        for (_, _, at) in &mut self.0 {
            *at = (*at).min(now);
        }
        self.0.retain(|(_, _, at)| now.saturating_sub(*at) < down);
        match self.0.iter_mut().find(|(own, ..)| *own == rule) {
            Some((_, told, _)) if *told >= level => false,
            Some((_, told, at)) => {
                (*told, *at) = (level, now);
                true
            }
            None => {
                self.0.push((rule, level, now));
                true
            }
        }
    }
}

impl Teller<'_> {
    /// Tells the finding unless it was told of late.
    pub fn tell(&mut self, cool: &mut Cool, finding: Finding) {
        let hours = i64::try_from(self.settings.cool_down_hours.get()).unwrap_or(i64::MAX);
        let down = hours.saturating_mul(3600);
        if !cool.permits(finding.rule, finding.level, self.now, down) {
            return;
        }
        let hour = self.now.div_euclid(3600);
        if self.budget.hour != hour {
            let left_out = std::mem::take(&mut self.budget.left_out);
            *self.budget = Budget {
                hour,
                ..Budget::default()
            };
            if left_out > 0 {
                self.flood(&finding, format!("{left_out} findings were left out"));
            }
        }
        let most = self.settings.findings_an_hour.get();
        if self.budget.told >= most {
            if self.budget.left_out == 0 {
                let said = format!("{most} findings within an hour: more are counted only");
                self.flood(&finding, said);
            }
            self.budget.left_out += 1;
            return;
        }
        self.budget.told += 1;
        self.out.push(finding);
    }

    fn flood(&mut self, at: &Finding, said: String) {
        let seq = at.records.1;
        let flood = Finding::new(Rule::Flood, self.now, seq, said);
        self.out.push(flood.alert());
    }
}
