//! Honest people and machines over eight weeks, with the habits that make detectors cry wolf.

use crate::act::Act;
use crate::random::Random;

/// What somebody is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Habit {
    /// Works in an office, with lunch, busy days, late evenings, a vacation.
    Office,
    /// The same, and is woken up at night in one week of four.
    OnCall,
    /// The same, and does five times as much at the end of a month, with payroll.
    MonthEnd,
    /// Reads personal data every day, and answers tickets about it.
    Personnel,
    /// Begins in the middle of the time, and looks around.
    Newcomer,
    /// A client that loses its connection, tries again, and changes networks.
    Flapping,
    /// A machine that reads much at two in the night and a little in each hour.
    Batch,
}

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Somebody {
    pub(crate) name: String,
    pub(crate) habit: Habit,
    pub(crate) address: String,
    home: String,
    rate: f64,
    shift: i64,
    files: i64,
    uses_tickets: bool,
    posts: bool,
    away: (i64, i64),
    since: i64,
}

/// The first day, a Monday.
pub(crate) const BEGIN: i64 = 20_458;
/// So many days.
pub(crate) const DAYS: i64 = 56;
/// Days on which nobody works; the calendar of the detectors has the first.
pub(crate) const HOLIDAYS: [i64; 2] = [BEGIN + 18, BEGIN + 39];

pub(crate) fn is_rest(day: i64) -> bool {
    (day + 3).rem_euclid(7) >= 5 || HOLIDAYS.contains(&day)
}

/// Who there is.
pub(crate) fn people(random: &mut Random) -> Vec<Somebody> {
    let kinds = [
        (Habit::Office, 30),
        (Habit::OnCall, 4),
        (Habit::MonthEnd, 3),
        (Habit::Personnel, 3),
        (Habit::Newcomer, 4),
        (Habit::Flapping, 2),
        (Habit::Batch, 4),
    ];
    let kinds = kinds
        .into_iter()
        .flat_map(|(habit, count)| (0..count).map(move |at| (habit, at)));
    let somebody = |(number, (habit, at)): (usize, (Habit, i32))| {
        let away = BEGIN + random.between(10, 45);
        Somebody {
            name: format!("{habit:?}-{at}").to_lowercase(),
            habit,
            address: format!("10.0.0.{number}"),
            home: format!("192.0.2.{number}"),
            rate: 8.0 * random.factor(0.5),
            shift: random.between(-1, 3),
            files: random.between(30, 150),
            uses_tickets: random.chance(0.5),
            posts: random.chance(0.3),
            away: (
                away,
                away + if random.chance(0.4) {
                    random.between(3, 12)
                } else {
                    0
                },
            ),
            since: if habit == Habit::Newcomer {
                BEGIN + random.between(20, 30)
            } else {
                BEGIN
            },
        }
    };
    kinds.enumerate().map(somebody).collect()
}

/// What `who` does in all the time.
pub(crate) fn live(who: &Somebody, random: &mut Random, out: &mut Vec<Act>) {
    for day in BEGIN.max(who.since)..BEGIN + DAYS {
        if who.habit == Habit::Batch {
            machine(who, day, random, out);
        } else if !(who.away.0..who.away.1).contains(&day) {
            person(who, day, random, out);
        }
    }
}

fn machine(who: &Somebody, day: i64, random: &mut Random, out: &mut Vec<Act>) {
    let night = (300.0 * random.factor(0.15)) as i64;
    for at in 0..night {
        let time = day * 86_400 + 7200 + at * 3000 / night;
        let mut act = who.read(random, time, who.address.clone());
        act.resource = Some(format!("fs://data/{}/{at}.csv", who.name));
        (act.outcome, act.error) = ("allowed", "");
        act.items = (50.0 * random.factor(0.3)) as u64;
        act.bytes = (20_000.0 * random.factor(0.3)) as u64;
        out.push(act);
    }
    for hour in 0..24 {
        for _ in 0..random.events(4.0) {
            let time = day * 86_400 + hour * 3600 + random.between(0, 3600);
            out.push(who.read(random, time, who.address.clone()));
        }
    }
}

fn person(who: &Somebody, day: i64, random: &mut Random, out: &mut Vec<Act>) {
    let works = !is_rest(day);
    // a call at night, in one week of four
    let week = (day - BEGIN) / 7;
    if who.habit == Habit::OnCall && week % 4 == who.files % 4 && random.chance(0.3) {
        let start = day * 86_400 + random.between(0, 6 * 3600);
        for _ in 0..random.between(5, 25) {
            let time = start + random.between(0, 2400);
            out.push(who.read(random, time, who.home.clone()));
        }
    }
    if !works && !random.chance(0.02) {
        return;
    }
    let is_home = random.chance(0.4);
    let address = if is_home { &who.home } else { &who.address };
    let (mut from, mut until) = (9 + who.shift, 18 + who.shift);
    from += random.between(-1, 2);
    until += random.between(-1, 2);
    if random.chance(0.05) {
        until = (until + random.between(2, 5)).min(24);
    }
    if !works {
        (from, until) = (random.between(9, 15), random.between(15, 19));
    }
    let mut rate = who.rate * random.factor(0.3);
    let month_end = [BEGIN + 24, BEGIN + 25, BEGIN + 52, BEGIN + 53];
    let is_month_end = who.habit == Habit::MonthEnd && month_end.contains(&day);
    if is_month_end {
        rate *= 5.0;
    }
    for hour in from..until {
        let lunch = if hour == 12 { 0.3 } else { 1.0 };
        let busy = random.factor(0.5);
        let calls = random.events(rate * lunch * busy);
        for _ in 0..calls {
            let time = day * 86_400 + hour * 3600 + random.between(0, 3600);
            out.extend(who.work(random, time, address, is_month_end));
        }
        if who.habit == Habit::Flapping && random.chance(0.3) {
            flap(who, random, day * 86_400 + hour * 3600, out);
        }
    }
    // a model that lists a folder file by file
    if random.chance(0.03) {
        let start = day * 86_400 + random.between(from, until) * 3600;
        for at in 0..random.between(20, 70) {
            let mut act = who.read(random, start + at * 6, address.clone());
            act.resource = Some(format!("fs://docs/{}/folder/{at}", who.name));
            out.push(act);
        }
    }
}

/// Reconnects, calls with what is wrong with them, and changes of network.
fn flap(who: &Somebody, random: &mut Random, hour: i64, out: &mut Vec<Act>) {
    let start = hour + random.between(0, 2400);
    for at in 0..random.between(4, 20) {
        let address = if at % 3 == 0 { &who.home } else { &who.address };
        let mut act = who.read(random, start + at * 20, address.clone());
        if random.chance(0.7) {
            (act.outcome, act.error) =
                ("denied", *random.pick(&["malformed", "busy", "malformed"]));
            (act.items, act.bytes) = (0, 0);
        }
        out.push(act);
    }
}

impl Somebody {
    fn work(&self, random: &mut Random, time: i64, address: &str, is_month_end: bool) -> Vec<Act> {
        let mut act = self.read(random, time, address.to_owned());
        let is_personnel = self.habit == Habit::Personnel;
        if act.outcome != "allowed" {
            return vec![act];
        }
        if is_personnel && random.chance(0.3) || is_month_end && random.chance(0.3) {
            act.level = Some("confidential");
            act.categories = vec!["personal"];
        } else if random.chance(0.05) {
            act.level = Some("confidential");
        }
        if self.uses_tickets && random.chance(0.15) {
            let posts = (self.posts || is_personnel) && random.chance(0.4);
            let (verb, path) = if posts {
                ("POST", "/tickets/{id}/comments")
            } else {
                ("GET", "/tickets/{id}")
            };
            act.server = "api-fetch";
            act.resource = None;
            act.request = Some(format!("{verb} {path}"));
            act.level = Some("internal");
            act.categories.clear();
        } else if random.chance(0.3) {
            act.server = "scoped-db";
            act.resource = None;
            act.tables = Some(format!("sales.t{}", random.between(0, 12)));
            act.items = (12.0 * random.factor(1.2)).min(1000.0) as u64;
            act.bytes = act.items * 120;
        }
        vec![act]
    }

    /// Reading a file, as most calls are; a few of them fail.
    pub(crate) fn read(&self, random: &mut Random, time: i64, address: String) -> Act {
        // few files are asked for often
        let which = (self.files as f64 * random.part().powi(2)) as i64;
        let mut act = Act {
            time,
            kind: "request",
            server: "readonly-fs",
            instance: format!("fs-{}", time / 86_400),
            who: Some(self.name.clone()),
            address,
            resource: Some(format!("fs://docs/{}/{which}", self.name)),
            level: Some("internal"),
            outcome: "allowed",
            items: 1,
            bytes: (6000.0 * random.factor(1.5)).min(1_048_576.0) as u64,
            ..Act::default()
        };
        let error = match random.between(0, 1000) {
            0..30 => "not_found",
            30..35 => "not_cleared",
            35..55 => "malformed",
            _ => return act,
        };
        (act.outcome, act.error, act.level) = ("denied", error, None);
        (act.items, act.bytes) = (0, 0);
        act
    }
}

/// Opening and closing of the servers; one in twenty dies.
pub(crate) fn servers(random: &mut Random, out: &mut Vec<Act>) {
    for day in BEGIN..BEGIN + DAYS {
        for server in ["readonly-fs", "scoped-db", "api-fetch"] {
            let act = |action, time| Act {
                time,
                kind: "log",
                action,
                server,
                instance: format!(
                    "{}-{day}",
                    if server == "readonly-fs" {
                        "fs"
                    } else {
                        server
                    }
                ),
                ..Act::default()
            };
            out.push(act("open", day * 86_400));
            if !random.chance(0.05) {
                out.push(act("close", day * 86_400 + 86_399));
            }
        }
    }
}
