//! What is known of one principal, and what is unusual of what they do.

use serde::Deserialize;
use serde::Serialize;

use super::detect::Moment;
use super::detect::category::Categories;
use super::detect::denials;
use super::detect::denials::Denials;
use super::detect::distinct::Distinct;
use super::detect::egress::Egress;
use super::detect::egress::House;
use super::detect::hours::Hours;
use super::detect::places::Places;
use super::detect::volume::Much;
use super::detect::volume::Volume;
use super::finding::Finding;
use super::finding::Level;
use super::finding::Rule;
use super::kept::Worth;
use super::seen::Seen;
use super::settings::Settings;
use super::tell::Cool;
use super::tell::Teller;

/// A principal.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Person {
    /// When they were seen first and last, and on how many days.
    since: i64,
    last: i64,
    day: i64,
    days: u32,
    volume: Volume,
    distinct: Distinct,
    hours: Hours,
    denials: Denials,
    categories: Categories,
    egress: Egress,
    places: Places,
    cool: Cool,
}

/// What is asked for beside the person.
#[derive(Debug)]
pub struct Around<'a> {
    /// The thresholds.
    pub settings: &'a Settings,
    /// What several principals do.
    pub house: &'a mut House,
    /// Hashes a text, in a way that a client cannot know.
    pub seed: u64,
    /// Since when the trail is watched.
    pub begun: i64,
    /// Whether no hour is off for this principal.
    pub is_always_open: bool,
}

impl Person {
    /// Somebody who is seen for the first time.
    #[must_use]
    pub fn new(moment: Moment) -> Self {
        Self {
            since: moment.at.now,
            day: moment.local.day,
            days: 1,
            ..Self::default()
        }
    }

    /// Looks at a record of theirs.
    pub fn see(
        &mut self,
        moment: Moment,
        seen: &Seen<'_>,
        around: &mut Around<'_>,
        teller: &mut Teller<'_>,
    ) {
        let now = moment.at.now;
        self.since = self.since.min(now);
        self.last = now;
        if self.day != moment.local.day {
            self.day = moment.local.day;
            self.days = self.days.saturating_add(1);
        }
        let about = |rule, first, since, said| Finding {
            window: (since, now),
            records: (first, seen.seq),
            who: Some((
                seen.issuer.to_owned(),
                seen.who.unwrap_or_default().to_owned(),
            )),
            ..Finding::new(rule, now, seen.seq, said)
        };
        self.refused(moment, seen, around, teller, &about);
        self.moved(moment, seen, around, teller, &about);
        if seen.is_request() {
            self.worked(moment, seen, around, teller, &about);
            self.read_and_sent(moment, seen, around, teller, &about);
        }
    }

    fn refused(
        &mut self,
        moment: Moment,
        seen: &Seen<'_>,
        around: &Around<'_>,
        teller: &mut Teller<'_>,
        about: &dyn Fn(Rule, u64, i64, String) -> Finding,
    ) {
        let weight = denials::weight(seen.kind, seen.outcome, seen.error);
        let limit = around.settings.denials.of_a_principal.get();
        if let Some((first, thirds)) = self.denials.see(moment, weight, limit) {
            let said = format!("{} refusals within five minutes", thirds.div_ceil(3));
            let mut finding = about(
                Rule::DenialsPrincipal,
                first,
                moment.at.now - FIVE_MINUTES,
                said,
            );
            finding.score = thirds * 100 / (limit * 3);
            teller.tell(&mut self.cool, finding.alert());
        }
    }

    fn moved(
        &mut self,
        moment: Moment,
        seen: &Seen<'_>,
        around: &Around<'_>,
        teller: &mut Teller<'_>,
        about: &dyn Fn(Rule, u64, i64, String) -> Finding,
    ) {
        let Some(address) = seen.address.filter(|address| *address != "pipe") else {
            return;
        };
        let hash = super::hash(around.seed, address);
        if let Some(first) = self.places.see(moment, hash) {
            let said = "at two addresses by turns, one of them unusual".to_owned();
            let mut finding = about(Rule::TwoAddresses, first, moment.at.now, said);
            finding.address = Some(address.to_owned());
            teller.tell(&mut self.cool, finding.alert());
        }
    }

    /// How much, how many different, and when.
    fn worked(
        &mut self,
        moment: Moment,
        seen: &Seen<'_>,
        around: &Around<'_>,
        teller: &mut Teller<'_>,
        about: &dyn Fn(Rule, u64, i64, String) -> Finding,
    ) {
        let now = moment.at.now;
        let cool = &mut self.cool;
        let settings = around.settings;
        self.volume
            .see(moment, (seen.items, seen.bytes), &settings.volume, |much| {
                teller.tell(cool, volume(much, now, about));
            });
        for resource in [seen.resource, seen.tables, seen.request]
            .into_iter()
            .flatten()
        {
            let hash = super::hash(around.seed, resource);
            self.distinct.see(moment, hash, &settings.distinct, |many| {
                let (rule, span, since) = if many.in_a_day {
                    (Rule::DistinctDay, "in a day", now - now.rem_euclid(86_400))
                } else {
                    (Rule::DistinctBurst, "in ten minutes", now - 600)
                };
                let said = format!("{} different resources {span}", many.count);
                let mut finding = about(rule, many.first, since, said);
                finding.score = many.count * 100 / many.limit.max(1);
                teller.tell(cool, finding);
            });
        }
        if let Some(odd) = self.hours.see(moment, &settings.hours)
            && !around.is_always_open
        {
            let (share, known) = odd.share;
            let said = format!(
                "{} calls at an hour that was active on {share} of {known} like days",
                odd.calls
            );
            let since = now - now.rem_euclid(3600);
            let mut finding = about(Rule::OffHours, odd.first, since, said);
            finding.score = odd.calls * 100 / settings.hours.calls.get();
            teller.tell(cool, finding);
        }
    }

    /// What it was about, and where it went.
    fn read_and_sent(
        &mut self,
        moment: Moment,
        seen: &Seen<'_>,
        around: &mut Around<'_>,
        teller: &mut Teller<'_>,
        about: &dyn Fn(Rule, u64, i64, String) -> Finding,
    ) {
        let now = moment.at.now;
        let days = i64::try_from(around.settings.learning_days.get()).unwrap_or(i64::MAX);
        let learned = |since: i64| now.saturating_sub(since) >= days.saturating_mul(86_400);
        let label = seen.level.map(|level| {
            let categories = seen.categories.iter().map(|c| (*c).to_owned()).collect();
            (level.to_owned(), categories)
        });
        if let Some(request) = seen.request
            && seen.outcome != "denied"
        {
            let who = super::hash(around.seed, seen.who.unwrap_or_default());
            let endpoint = super::hash(around.seed, request);
            let settings = &around.settings.egress;
            let sent = self
                .egress
                .send(moment, (who, endpoint), around.house, settings);
            if let Some(sent) = sent.filter(|_| learned(around.begun)) {
                let said = format!("`{request}` after reading what is {}", sent.label);
                let mut finding = about(Rule::ReadThenSend, sent.first, sent.since, said);
                finding.label.clone_from(&label);
                if !request.starts_with("GET ") && !request.starts_with("HEAD ") {
                    finding = finding.alert();
                }
                teller.tell(&mut self.cool, finding);
            }
        }
        if seen.outcome != "allowed" {
            return;
        }
        for category in &seen.categories {
            if self.categories.is_new(category) && learned(self.since) && learned(around.begun) {
                let said = format!("the first access to data of category `{category}`");
                let mut finding = about(Rule::NewCategory, seen.seq, now, said);
                finding.label.clone_from(&label);
                teller.tell(&mut self.cool, finding);
            }
        }
        let sensitive = &around.settings.egress.sensitive;
        let words = seen.level.iter().chain(&seen.categories);
        let is_sensitive = words.clone().any(|word| sensitive.contains(*word));
        // what an API answered with is read from where it is sent to
        if is_sensitive && seen.request.is_none() {
            let label: Vec<&str> = words.copied().collect();
            let settings = &around.settings.egress;
            self.egress.read(moment, &label.join("+"), settings);
        }
    }
}

impl Worth for Person {
    fn worth(&self, now: i64) -> (u32, i64) {
        let known = if self.days >= KNOWN { 1000 } else { 0 };
        let told = if self.cool.is_cold() { 0 } else { 20 };
        let distinct = u32::try_from(self.distinct.heat()).unwrap_or(u32::MAX);
        let heat = told + self.denials.heat(now) * 10 + distinct.min(500);
        (known + heat, self.last)
    }
}

fn volume(much: Much, now: i64, about: &dyn Fn(Rule, u64, i64, String) -> Finding) -> Finding {
    let (rule, of) = match much.which {
        0 => (Rule::VolumeCalls, "calls"),
        1 => (Rule::VolumeItems, "items"),
        _ => (Rule::VolumeBytes, "bytes"),
    };
    let said = format!(
        "{} {of} in an hour, {} are usual at most",
        much.count, much.limit
    );
    let mut finding = about(rule, much.first, now - now.rem_euclid(3600), said);
    finding.score = much.count.saturating_mul(100) / much.limit.max(1);
    match much.level {
        Level::Warn => finding,
        Level::Alert => finding.alert(),
    }
}

/// On so many days somebody must have been seen to be known.
const KNOWN: u32 = 3;
/// The window of refusals.
const FIVE_MINUTES: i64 = 300;
