//! Looks for what is unusual in a trail, record by record, and never in the path of a request.
//!
//! | module     | answers                                                     |
//! |------------|-------------------------------------------------------------|
//! | `settings` | what counts as unusual?                                     |
//! | `seen`     | what is looked at in a record?                              |
//! | `clock`    | what time is it, if clocks can be wrong?                    |
//! | `calendar` | which hours and days are alike?                             |
//! | `detect`   | is this unusual?                                            |
//! | `person`   | of whom is what known?                                      |
//! | `kept`     | who is forgotten if there are too many?                     |
//! | `tell`     | was it told already?                                        |
//! | `finding`  | what was found?                                             |
//! | `state`    | how does what was learned outlive the process?              |
//!
//! # Invariants
//!
//! - Time comes from the records only: the same trail gives the same findings.
//! - What is kept is bounded, whatever the names are and however many (tests).
//! - Findings are no input: a record of kind `detect` is not looked at.

pub mod calendar;
pub mod clock;
pub mod detect;
pub mod finding;
pub mod kept;
pub mod person;
pub mod seen;
pub mod settings;
pub mod state;
pub mod tell;

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use serde::Deserialize;
use serde::Serialize;

use crate::query::Pattern;
use calendar::Local;
use clock::Clock;
use detect::Moment;
use detect::denials;
use detect::denials::Denials;
use detect::egress::House;
use detect::silence::Process;
use detect::silence::Rhythm;
use detect::silence::Silence;
use finding::Finding;
use finding::Level;
use finding::Rule;
use kept::Kept;
use kept::Worth;
use person::Around;
use person::Person;
use seen::Seen;
use settings::Settings;
use tell::Budget;
use tell::Cool;
use tell::Teller;

/// A watch over one trail.
#[derive(Clone, Debug)]
pub struct Watch {
    settings: Settings,
    always_open: Vec<Pattern>,
    known: Known,
    /// The name of a principal, with who vouches for them.
    name: String,
}

/// What was learned.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    clock: Clock,
    /// Since when the trail is watched.
    begun: Option<i64>,
    /// Makes hashes that no client can foresee.
    seed: u64,
    people: Kept<Person>,
    addresses: Kept<Address>,
    servers: Kept<Rhythm>,
    processes: Kept<Process>,
    house: House,
    /// The hour in which silences were looked for last.
    looked: i64,
    cool: Cool,
    budget: Budget,
}

/// What is known of an address.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Address {
    denials: Denials,
    last: i64,
    cool: Cool,
}

impl Watch {
    /// A watch that goes on from what is `known`.
    #[must_use]
    pub fn new(settings: Settings, known: Known) -> Self {
        let always_open = settings.hours.always_open.iter();
        Self {
            always_open: always_open.map(|text| Pattern::new(text)).collect(),
            settings,
            known,
            name: String::new(),
        }
    }

    /// What was learned.
    #[must_use]
    pub const fn known(&self) -> &Known {
        &self.known
    }

    /// Sets what hashes begin with, where it is not set: something that clients do not know.
    pub fn seed(&mut self, secret: &str) {
        if self.known.seed == 0 {
            self.known.seed = hash(0, secret) | 1;
        }
    }

    /// Looks at a record; what is unusual goes to `out`.
    pub fn see(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        if seen.kind == "detect" {
            return;
        }
        let at = self.known.clock.at(seen.time);
        let moment = Moment {
            at,
            local: Local::at(at.now, &self.settings.hours),
            seq: seen.seq,
        };
        let begun = self.known.begun.get_or_insert(at.now);
        *begun = (*begun).min(at.now);
        let begun = *begun;
        let mut teller = Teller {
            out,
            budget: &mut self.known.budget,
            settings: &self.settings,
            now: at.now,
        };
        if let Some(back) = at.back {
            let said = format!("the time of records went back by {back} seconds");
            let finding = Finding::new(Rule::ClockStep, at.now, seen.seq, said);
            teller.tell(&mut self.known.cool, finding);
        }
        trail(seen, at.now, &mut self.known.cool, &mut teller);
        let bound = self.settings.principals.count();
        let mut forgotten = 0;
        if let Some(address) = seen.address.filter(|address| *address != "pipe") {
            let (known, less) =
                self.known
                    .addresses
                    .entry(bounded(address), bound, at.now, Address::default);
            forgotten += less;
            known.see(moment, seen, address, &mut teller);
        }
        if let Some(who) = seen.who {
            self.name.clear();
            self.name.push_str(bounded(seen.issuer));
            self.name.push('\n');
            self.name.push_str(bounded(who));
            let mut around = Around {
                settings: &self.settings,
                house: &mut self.known.house,
                seed: self.known.seed,
                begun,
                is_always_open: self.always_open.iter().any(|open| open.matches(who)),
            };
            let people = &mut self.known.people;
            let new = || Person::new(moment);
            let (person, less) = people.entry(&self.name, bound, at.now, new);
            forgotten += less;
            person.see(moment, seen, &mut around, &mut teller);
        }
        if forgotten > 0 {
            let said = format!("more than {bound} names: {forgotten} were forgotten");
            let finding = Finding::new(Rule::Crowded, at.now, seen.seq, said);
            teller.tell(&mut self.known.cool, finding);
        }
        self.silences(moment, Some(seen), out);
    }

    /// A place at which the trail is not what was written.
    pub fn broken(&mut self, place: &str, seq: u64, out: &mut Vec<Finding>) {
        let now = self.known.clock.now().unwrap_or_default();
        let finding = Finding::new(Rule::BrokenTrail, now, seq, place.to_owned());
        let mut teller = Teller {
            out,
            budget: &mut self.known.budget,
            settings: &self.settings,
            now,
        };
        teller.tell(&mut self.known.cool, finding.alert());
    }

    /// Nobody wrote until `now`: says who should have. Moves no window.
    pub fn idle(&mut self, now: i64, out: &mut Vec<Finding>) {
        let Some(last) = self.known.clock.now().filter(|last| *last < now) else {
            return;
        };
        let at = clock::At {
            now: now.min(last.saturating_add(LONGEST)),
            is_sure: false,
            back: None,
        };
        let moment = Moment {
            at,
            local: Local::at(at.now, &self.settings.hours),
            seq: 0,
        };
        self.silences(moment, None, out);
    }

    /// Which servers and processes are silent.
    fn silences(&mut self, moment: Moment, seen: Option<&Seen<'_>>, out: &mut Vec<Finding>) {
        let now = moment.at.now;
        let mut teller = Teller {
            out,
            budget: &mut self.known.budget,
            settings: &self.settings,
            now,
        };
        let hours = &self.settings.hours;
        let settings = &self.settings.silence;
        if let Some(seen) = seen.filter(|seen| !is_own(seen.server)) {
            let servers = &mut self.known.servers;
            let (rhythm, _) = servers.entry(bounded(seen.server), SERVERS, now, Rhythm::default);
            if let Some(silence) = rhythm.see(moment, hours, settings) {
                let finding = silent(seen.server, silence, now);
                teller.tell(&mut self.known.cool, finding);
            }
            if seen.action == "close" {
                self.known.processes.remove(bounded(seen.instance));
            } else {
                let new = || Process {
                    server: bounded(seen.server).to_owned(),
                    last: now,
                    seq: seen.seq,
                };
                let processes = &mut self.known.processes;
                let (process, _) = processes.entry(bounded(seen.instance), PROCESSES, now, new);
                (process.last, process.seq) = (now, seen.seq);
            }
        }
        if self.known.looked == moment.local.hours() {
            return;
        }
        self.known.looked = moment.local.hours();
        for (name, rhythm) in self.known.servers.iter_mut() {
            if let Some(silence) = rhythm.silence(moment.local, hours, settings) {
                teller.tell(&mut self.known.cool, silent(name, silence, now));
            }
        }
        let longest = i64::try_from(settings.unclosed_hours.get()).unwrap_or(i64::MAX);
        self.known.processes.retain(|_, process| {
            process.last = process.last.min(now);
            let is_lost = now.saturating_sub(process.last) >= longest.saturating_mul(3600);
            if is_lost {
                let server = &process.server;
                let said = format!("a process of {server} neither writes nor has closed");
                let mut finding = Finding::new(Rule::UnclosedProcess, now, process.seq, said);
                finding.window.0 = process.last;
                teller.tell(&mut self.known.cool, finding);
            }
            !is_lost
        });
    }
}

impl Address {
    fn see(&mut self, moment: Moment, seen: &Seen<'_>, address: &str, teller: &mut Teller<'_>) {
        self.last = moment.at.now;
        let weight = denials::weight(seen.kind, seen.outcome, seen.error);
        let limit = teller.settings.denials.of_an_address.get();
        if let Some((first, thirds)) = self.denials.see(moment, weight, limit) {
            let said = format!("{} refusals within five minutes", thirds.div_ceil(3));
            let now = moment.at.now;
            let mut finding = Finding::new(Rule::DenialsAddress, now, seen.seq, said);
            finding.score = thirds * 100 / (limit * 3);
            finding.window.0 = now - 300;
            finding.records.0 = first;
            finding.address = Some(address.to_owned());
            teller.tell(&mut self.cool, finding.alert());
        }
    }
}

impl Worth for Address {
    fn worth(&self, now: i64) -> (u32, i64) {
        let told = if self.cool.is_cold() { 0 } else { 20 };
        (self.denials.heat(now) * 10 + told, self.last)
    }
}

/// What the trail says of itself.
fn trail(seen: &Seen<'_>, now: i64, cool: &mut Cool, teller: &mut Teller<'_>) {
    let mut tell = |rule, level, said: String| {
        let mut finding = Finding::new(rule, now, seen.seq, said);
        finding.level = level;
        if let Some(who) = seen.who {
            finding.who = Some((seen.issuer.to_owned(), who.to_owned()));
        }
        teller.tell(cool, finding);
    };
    match (seen.kind, seen.action) {
        ("log", "recover") => tell(
            Rule::Recovered,
            Level::Warn,
            "the end of the trail had to be recovered".to_owned(),
        ),
        ("log", "resume") => tell(
            Rule::Recovered,
            Level::Alert,
            "records could not be written for a time".to_owned(),
        ),
        _ => {}
    }
    if seen.outcome == "unknown" {
        let said = format!("an effect of {} of which nobody knows the end", seen.server);
        tell(Rule::UnknownOutcome, Level::Warn, said);
    }
    if seen.is_cut {
        let said = "fields did not fit into the record".to_owned();
        tell(Rule::CutRecord, Level::Warn, said);
    }
}

fn silent(server: &str, silence: Silence, now: i64) -> Finding {
    let said = format!(
        "{server} wrote nothing in {} hours in which it always did",
        silence.hours
    );
    let mut finding = Finding::new(Rule::SilentServer, now, silence.seq, said);
    finding.window.0 = silence.since;
    finding.score = silence.hours * 100;
    finding.alert()
}

/// Whether it is this program, which writes when it finds something and at no other time.
fn is_own(server: &str) -> bool {
    server.is_empty() || server == "audit-review"
}

/// A name as it is kept: records are bounded when they are written, but a trail may hold anything.
fn bounded(name: &str) -> &str {
    name.get(..NAME)
        .or_else(|| name.get(..NAME - 1))
        .or_else(|| name.get(..NAME - 2))
        .or_else(|| name.get(..NAME - 3))
        .unwrap_or(name)
}

/// A hash of `text` that cannot be foreseen without `seed`.
fn hash(seed: u64, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    text.hash(&mut hasher);
    hasher.finish()
}

/// So many bytes of a name are kept.
const NAME: usize = 256;
/// So many servers are kept.
const SERVERS: usize = 256;
/// So many processes are kept.
const PROCESSES: usize = 4096;
/// So far ahead of the last record a silence is looked at.
const LONGEST: i64 = 30 * 86_400;
