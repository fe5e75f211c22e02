//! Every statement of `tests/db/hostile`, by three roles, on two databases that differ only in what
//! nobody may see.
//!
//! The role proof is switched off here by the switch that is there for it: the gate alone has to
//! hold, even as the superuser.
//!
//! # Invariants
//!
//! - Nothing hidden is in an answer, in the log or in the trail.
//! - Both databases get the same answers: what cannot be told apart has not been told, by values,
//!   errors, counts or the absence of any.
//! - Nothing in the database has changed, and no code of it that is not listed has run.
//! - Every statement is answered within seconds, and the next honest one is answered rightly.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use harness::Answer;
use harness::Raw;
use serde_json::Value;
use serde_json::json;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;
use super::collection::Entry;
use super::collection::collection;
use super::told::comparable;
use super::told::gist;
use super::told::hidden_in;

/// The longest that a refusal or an answer may take.
const SOON: Duration = Duration::from_secs(8);

/// The most memory that a server may take, in KiB, as it is built for tests.
const MOST_MEMORY: u64 = 128 * 1024;

#[test]
fn the_superuser_is_held_by_the_gate_alone() {
    attack("boss");
}

#[test]
fn a_role_that_reads_everything_is_held_by_the_gate_alone() {
    attack("reader");
}

#[test]
fn a_role_with_column_grants_is_held_by_both_walls() {
    attack("scoped");
}

/// What has gone wrong so far. All of it is told at the end.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    fn add(&mut self, entry: &Entry, what: impl std::fmt::Display) {
        self.0.push(format!("{entry}\n    {what}"));
    }

    /// Checks that there are none.
    pub(super) fn none(&self, of: &str) {
        let all = self.0.join("\n");
        assert!(self.0.is_empty(), "{of}: {} faults:\n{all}", self.0.len());
    }

    /// Some entries at once, on both sides.
    /// Gives back how many were answered and not refused.
    pub(super) fn ask(&mut self, raws: &mut [Raw; 2], tool: &str, entries: &[Entry]) -> usize {
        let mut answered = 0;
        let asked: Vec<[u64; 2]> = entries
            .iter()
            .map(|entry| {
                let begin = |raw: &mut Raw| raw.begin_call(tool, entry.arguments());
                raws.each_mut().map(begin)
            })
            .collect();
        for (entry, ids) in entries.iter().zip(asked) {
            let start = Instant::now();
            let mut sides = Vec::new();
            for (raw, id) in raws.iter_mut().zip(ids) {
                match raw.wait_most(&id.to_string(), SOON) {
                    Some(answer) => sides.push(answer),
                    None => self.add(entry, format!("{tool}: no answer")),
                }
            }
            let times = std::env::var_os("KEYHOLE_TIMES").is_some();
            if times && start.elapsed() > Duration::from_millis(300) {
                harness::loudly(&format!("{tool} {entry} took {:?}", start.elapsed()));
            }
            if start.elapsed() > SOON / 2 {
                self.add(entry, format!("{tool}: took {:?}", start.elapsed()));
            }
            answered += usize::from(sides.iter().any(Answer::is_ok));
            self.judge(entry, tool, &sides);
        }
        answered
    }

    fn judge(&mut self, entry: &Entry, tool: &str, sides: &[Answer]) {
        let asked = entry.arguments().to_string();
        for answer in sides {
            if let Some(told) = hidden_in(&answer.0.to_string(), &asked) {
                self.add(entry, format!("{tool} told: {told}"));
            }
            if answer.code() == Some("panicked") {
                self.add(entry, format!("{tool} panicked: {}", answer.short()));
            }
            if answer.code() == Some("failed") && std::env::var_os("KEYHOLE_TIMES").is_some() {
                harness::loudly(&format!("{tool} failed: {entry}"));
            }
        }
        // the clock differs by itself, and so does what is stopped at a time
        let clock = ["clock_timestamp", "now()", "timeofday"];
        let by_itself = clock.iter().any(|name| entry.sql.contains(name));
        if let [a, b] = sides
            && !(by_itself || entry.class == "floods")
            && comparable(a) != comparable(b)
        {
            let text = format!("{tool} differs:\n    {}\n    {}", gist(a), gist(b));
            self.add(entry, text);
        }
    }
}

/// Two servers of one role, before databases that differ in what is hidden.
struct Pair {
    role: &'static str,
    beds: [Bed; 2],
    /// What was in each after the class before.
    digests: [BTreeMap<String, String>; 2],
    faults: Faults,
}

fn attack(role: &'static str) {
    let Some(cluster) = cluster() else { return };
    let beds = [Variant::A, Variant::B].map(|variant| Bed::new(cluster, variant, role));
    let mut pair = Pair {
        role,
        digests: beds.each_ref().map(Bed::digest),
        beds,
        faults: Faults::default(),
    };
    for class in collection("hostile") {
        pair.class(&class);
    }
    pair.trail();
    pair.faults.none(role);
}

impl Pair {
    /// One class, a fresh server on each side.
    fn class(&mut self, class: &[Entry]) {
        let mut raws = self.beds.each_ref().map(|bed| bed.serve("ann"));
        let start = Instant::now();
        // what takes its time may take it together
        let wide = if class[0].class == "floods" { 8 } else { 1 };
        // plans of what is too much do not depend on who asks
        let tools: &[&str] = match (wide, self.role) {
            (2.., "boss" | "reader") => &["query_rows"],
            _ => &["query_rows", "explain_query"],
        };
        for entries in class.chunks(wide) {
            for tool in tools {
                self.faults.ask(&mut raws, tool, entries);
            }
        }
        let Some(last) = class.last() else { return };
        for (bed, raw) in self.beds.iter().zip(&mut raws) {
            honest(raw);
            let idle = || bed.busy().is_empty().then_some(());
            if harness::until(Duration::from_secs(4), idle).is_none() {
                let left = bed.busy().join("; ");
                self.faults
                    .0
                    .push(format!("{}: left running: {left}", last.class));
            }
        }
        for ((bed, raw), before) in self.beds.iter().zip(raws).zip(&mut self.digests) {
            let ended = raw.close();
            if ended.code != Some(0) {
                let text = format!("{}: exit {:?}: {}", last.class, ended.code, ended.stderr);
                self.faults.0.push(text);
            }
            if ended.peak > MOST_MEMORY {
                let text = format!("{}: took {} KiB of memory", last.class, ended.peak);
                self.faults.0.push(text);
            }
            // the operator is told at the start what the role may do beyond the configuration
            let own = |line: &&str| !line.contains(" WARN ");
            let lines: Vec<&str> = ended.stderr.lines().filter(own).collect();
            if let Some(told) = hidden_in(&lines.join("\n"), "") {
                self.faults
                    .0
                    .push(format!("{}: logged: {told}", last.class));
            }
            let digest = bed.digest();
            for (name, after) in &digest {
                if before.get(name) != Some(after) {
                    let text = format!("{}: changed: {name}: {after}", last.class);
                    self.faults.0.push(text);
                }
            }
            *before = digest;
        }
        if std::env::var_os("KEYHOLE_TIMES").is_some() {
            harness::loudly(&format!("{}: {:?}", last.class, start.elapsed()));
        }
    }

    /// Nothing hidden is in a trail; not even what the caller has said.
    fn trail(&mut self) {
        for bed in &self.beds {
            for record in bed.world.trail().records {
                if let Some(told) = hidden_in(&record.to_string(), "") {
                    self.faults.0.push(format!("recorded: {told}"));
                }
            }
        }
    }
}

#[test]
fn the_attacks_are_real_where_nothing_holds_them() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "boss");
    let calm = bed.digest();
    assert_eq!(calm, bed.digest(), "nothing happens by itself");
    let bare = cluster.connect("reader", &bed.database);
    let (mut tell, mut all) = (0, 0);
    for entry in collection("hostile").into_iter().flatten() {
        // what only asks, and asks the database at hand
        let asks = ["SELECT", "WITH", "TABLE"]
            .iter()
            .any(|word| entry.sql.starts_with(word));
        let heavy = [
            "floods",
            "timing",
            "functions",
            "several",
            "writes",
            "sessions",
        ];
        if !asks || heavy.contains(&entry.class.as_str()) || entry.params.is_some() {
            continue;
        }
        all += 1;
        bare.run("begin read only");
        let told = match bare.ask(&entry.sql) {
            Ok(rows) => format!("{rows:?}"),
            Err(error) => error,
        };
        bare.run("rollback");
        tell += usize::from(hidden_in(&told, &entry.sql).is_some());
    }
    assert!(tell > 100, "only {tell} of {all} tell anything");
    assert_ne!(bed.digest(), calm, "code that should not run is noticed");
}

/// An honest question, with the answer that it has on both sides.
fn honest(raw: &mut Raw) {
    let sql = "SELECT count(*), min(id), max(name) FROM customers";
    let answer = raw.call("query_rows", json!({"sql": sql})).ok();
    let rows = json!([[40, 1, "Customer 8"]]);
    assert_eq!(answer.structured()["rows"], rows, "{}", answer.short());
    let sql = "SELECT count(*), min(owner) FROM documents";
    let answer = raw.call("query_rows", json!({"sql": sql})).ok();
    let rows: &Value = &answer.structured()["rows"];
    assert_eq!(*rows, json!([[10, "ann"]]), "{}", answer.short());
}
