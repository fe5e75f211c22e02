//! A database that goes away, waits, or is too slow: a clear refusal, nothing stuck, and the next
//! call works.

use std::time::Duration;
use std::time::Instant;

use harness::Answer;
use harness::Cluster;
use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;
use serde_json::json;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;

const QUICK: &str = "SELECT count(*) FROM customers";

/// Runs for longer than any limit here, and is expected to cost little.
const SLOW: &str = "SELECT count(*) FROM orders a, orders b, orders c \
                    WHERE md5(md5(md5(md5(md5(md5(md5(md5(a.status || b.id || c.id)))))))) = 'x'";

fn quick(raw: &mut Raw) {
    let answer = raw.call("query_rows", json!({"sql": QUICK})).ok();
    assert_eq!(answer.structured()["rows"], json!([[40]]));
}

/// Waits until no session in the database is at work.
fn rests(bed: &Bed, limit: Duration) {
    let rest = || bed.busy().is_empty().then_some(());
    until(limit, rest).unwrap_or_else(|| panic!("still at work: {:?}", bed.busy()));
}

/// Waits until some session in the database is at work.
fn works(bed: &Bed) {
    let busy = || (!bed.busy().is_empty()).then_some(());
    until(Duration::from_secs(5), busy).expect("the statement runs");
}

/// A refusal that says nothing of the database's own words.
fn refused(answer: &Answer, codes: &[&str]) {
    let code = answer.code().unwrap_or("none");
    assert!(codes.contains(&code), "{code}: {}", answer.short());
    let text = answer.0.to_string();
    for words in [
        "terminating",
        "statement timeout",
        "canceling",
        "57014",
        "127.0.0.1",
    ] {
        assert!(!text.contains(words), "{}", answer.short());
    }
}

#[test]
fn a_slow_statement_is_ended_and_its_backend_is_free() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    let start = Instant::now();
    let answer = raw.call("query_rows", json!({"sql": SLOW}));
    refused(&answer, &["timed_out"]);
    assert!(start.elapsed() < Duration::from_secs(5));
    rests(&bed, Duration::from_secs(2));
    quick(&mut raw);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_cancelled_call_frees_its_backend() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    quick(&mut raw);
    let id = raw.begin_call("query_rows", json!({"sql": SLOW}));
    works(&bed);
    let params = json!({"requestId": id, "reason": "enough"});
    raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
    rests(&bed, Duration::from_millis(1000));
    quick(&mut raw);
    assert_eq!(raw.close().code, Some(0));
    let trail = bed.world.trail();
    let records = trail.of(&id.to_string());
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["outcome"], "cancelled", "{}", records[0]);
}

#[test]
fn a_client_that_leaves_takes_its_statement_along() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    for _ in 0..2 {
        raw.begin_call("query_rows", json!({"sql": SLOW}));
    }
    works(&bed);
    let start = Instant::now();
    assert_eq!(raw.close().code, Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    rests(&bed, Duration::from_secs(2));
    // and where the process is killed, the limits that the database was told still hold
    let mut raw = bed.serve("ann");
    raw.begin_call("query_rows", json!({"sql": SLOW}));
    works(&bed);
    raw.signal(rustix::process::Signal::KILL);
    assert_eq!(raw.end().code, None);
    rests(&bed, Duration::from_secs(5));
}

#[test]
fn more_calls_than_connections_are_all_answered() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    let slow: Vec<u64> = (0..10)
        .map(|_| raw.begin_call("query_rows", json!({"sql": SLOW})))
        .collect();
    let fast: Vec<u64> = (0..20)
        .map(|_| raw.begin_call("query_rows", json!({"sql": QUICK})))
        .collect();
    for id in slow {
        refused(
            &raw.wait(id),
            &["timed_out", "busy", "unavailable", "too_many"],
        );
    }
    for id in fast {
        let answer = raw.wait(id);
        if !answer.is_ok() {
            refused(&answer, &["timed_out", "busy", "unavailable", "too_many"]);
        }
    }
    let most = bed.boss.one(
        "select count(*) from pg_stat_activity where datname = current_database() \
         and usename = 'scoped'",
    );
    // eight of the server, and the sibling of the bed
    assert!(most.parse::<u32>().unwrap() <= 9, "{most}");
    quick(&mut raw);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_lock_is_not_waited_for_without_end() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    bed.boss
        .run("begin; lock table public.customers in access exclusive mode");
    let start = Instant::now();
    let answer = raw.call("query_rows", json!({"sql": QUICK}));
    refused(&answer, &["timed_out", "unavailable"]);
    assert!(start.elapsed() < Duration::from_secs(5));
    bed.boss.run("rollback");
    quick(&mut raw);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_killed_backend_costs_at_most_one_refusal() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where \
                datname = current_database() and usename = 'scoped' and pid <> pg_backend_pid()";
    for _ in 0..3 {
        quick(&mut raw);
        bed.boss.run(kill);
        let answer = raw.call("query_rows", json!({"sql": QUICK}));
        if !answer.is_ok() {
            refused(&answer, &["unavailable", "failed"]);
        }
        quick(&mut raw);
    }
    // in the middle of a statement
    let id = raw.begin_call("query_rows", json!({"sql": SLOW}));
    works(&bed);
    bed.boss.run(kill);
    // on a busy machine its own end may come first
    refused(&raw.wait(id), &["unavailable", "failed", "timed_out"]);
    quick(&mut raw);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_database_that_restarts_is_found_again() {
    let Some(_) = cluster() else { return };
    let Some(own) = Cluster::start() else { return };
    own.connect("boss", "postgres").run(
        "create table item (id integer primary key, word text); insert into item values (1, 'a'); \
         create role plain login; grant select (id) on item to plain; revoke temporary on database postgres from public",
    );
    let world = World::in_memory();
    let url = own.url("plain", "postgres");
    world.file(
        "config.toml",
        format!(
            "[database]\nconnection = \"{url}?sslmode=disable\"\n\n[[tables]]\nname = \"item\"\n\
             label = \"internal\"\n[tables.columns]\nid = true\n"
        ),
    );
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    let mut raw = Raw::start(&bin("scoped-db"), &world.arguments(&arguments), Era::Modern);
    let ask = |raw: &mut Raw| raw.call("query_rows", json!({"sql": "SELECT id FROM item"}));
    ask(&mut raw).ok();
    own.restart();
    let again = || ask(&mut raw).is_ok().then_some(());
    until(Duration::from_secs(5), again).expect("it is found again");
    drop(own);
    let answer = ask(&mut raw);
    refused(&answer, &["unavailable", "failed"]);
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.heard.contains("127.0.0.1"));
}
