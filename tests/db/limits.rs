//! Each limit of `config.example.toml`: what is over it is refused or says how to go on.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use harness::BOSS;
use harness::Cluster;
use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::workspace;
use serde_json::json;

use super::bed::cluster;

/// A statement within the limit, one over it, and what is said of that one.
struct Limit {
    key: &'static str,
    low: &'static str,
    within: &'static str,
    over: &'static str,
    told: Told,
}

enum Told {
    /// Refused, with this code and a text that has this in it.
    Refused(&'static str, &'static str),
    /// As many rows as this, and a cursor for the rest.
    Page(usize),
    /// One value cut, and counted.
    Cut,
}

const LIMITS: [Limit; 9] = [
    Limit {
        key: "rows",
        low: "3",
        within: "select id from t where id <= 3",
        over: "select id from t",
        told: Told::Page(3),
    },
    Limit {
        key: "bytes",
        low: "2000",
        within: "select body from t where id = 1",
        over: "select body from t",
        told: Told::Page(1),
    },
    Limit {
        key: "cell-chars",
        low: "20",
        within: "select id from t where id = 1",
        over: "select body from t where id = 1",
        told: Told::Cut,
    },
    Limit {
        key: "columns",
        low: "2",
        within: "select id, body from t where id = 1",
        over: "select id, body, id from t where id = 1",
        told: Told::Refused("statement", "columns"),
    },
    Limit {
        key: "statement-bytes",
        low: "40",
        within: "select id from t",
        over: "select id from t where id = 1 and id = 1 and id = 1",
        told: Told::Refused("statement", "long"),
    },
    Limit {
        key: "joins",
        low: "1",
        within: "select a.id from t a join t b on a.id = b.id",
        over: "select a.id from t a join t b on a.id = b.id join t c on b.id = c.id",
        told: Told::Refused("statement", "joins"),
    },
    Limit {
        key: "depth",
        low: "8",
        within: "select id from t where (((id = 1)))",
        over: "select id from t where ((((((((((((id = 1))))))))))))",
        told: Told::Refused("statement", "nest"),
    },
    Limit {
        key: "statement-seconds",
        low: "1",
        within: "select id from t where id = 1",
        over: "with recursive n(i) as (select 1 union all select i + 1 - 1 from n) \
               select max(i) from n",
        told: Told::Refused("timed_out", ""),
    },
    Limit {
        key: "cost",
        low: "100",
        within: "select body from t where id = 1",
        over: "select count(*) from t a cross join t b where a.id <> b.id",
        told: Told::Refused("too_large", "planner"),
    },
];

fn database(cluster: &Cluster) -> String {
    let name = cluster.database("limits", |cluster, name| {
        cluster.connect(BOSS, name).run(
            "create table public.t (id int primary key, body text); \
             insert into public.t select g, repeat('x', 1500) from generate_series(1, 200) g; \
             analyze public.t; grant select on public.t to scoped",
        );
    });
    let boss = cluster.connect(BOSS, "postgres");
    boss.run(&format!("revoke temporary on database {name} from public"));
    name
}

fn serve(cluster: &Cluster, database: &str, limit: &str) -> (World, Raw) {
    let world = World::in_memory();
    let connection = cluster.url("scoped", database);
    world.file(
        "config.toml",
        format!(
            "[database]\nconnection = \"{connection}?sslmode=disable\"\n[[tables]]\nname = \"t\"\n\
             [tables.columns]\nid = true\nbody = true\n[limits]\n{limit}\n"
        ),
    );
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    let mut command = Command::new(bin("scoped-db"));
    command.args(world.arguments(&arguments)).env_clear();
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    (world, raw)
}

#[test]
fn o1_each_limit_of_the_configuration_holds() {
    let Some(cluster) = cluster() else { return };
    let database = database(cluster);
    for limit in LIMITS {
        let (world, mut raw) = serve(
            cluster,
            &database,
            &format!("{} = {}", limit.key, limit.low),
        );
        let within = raw.call("query_rows", json!({"sql": limit.within})).ok();
        let shown = within.structured();
        let whole = shown["truncated"] == false && shown["cut_values"].is_null();
        assert!(whole, "{}: {}", limit.key, within.short());
        let over = raw.call("query_rows", json!({"sql": limit.over}));
        let shown = over.structured().clone();
        match limit.told {
            Told::Refused(code, text) => {
                let told = shown["message"].as_str().unwrap_or_default();
                assert_eq!(over.code(), Some(code), "{}: {}", limit.key, over.short());
                assert!(told.contains(text), "{}: {told}", limit.key);
            }
            Told::Page(rows) => {
                let count = shown["rows"].as_array().map(Vec::len);
                assert_eq!(count, Some(rows), "{}: {}", limit.key, over.short());
                assert!(shown["next"].is_string(), "{}", limit.key);
            }
            Told::Cut => {
                assert_eq!(shown["cut_values"], 1, "{}", over.short());
                let value = shown["rows"][0][0].as_str().unwrap_or_default();
                assert_eq!(value.chars().count(), 21, "{value}");
            }
        }
        world.assert_kept(&raw.close());
    }
}

#[test]
fn o1_there_are_never_more_connections_than_configured() {
    let Some(cluster) = cluster() else { return };
    let database = database(cluster);
    let (world, mut raw) = serve(cluster, &database, "connections = 2\nstatement-seconds = 2");
    let slow = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 400000) \
                select max(i) from n";
    let asked: Vec<u64> = (0..6)
        .map(|_| raw.begin_call("query_rows", json!({"sql": slow})))
        .collect();
    let boss = cluster.connect(BOSS, &database);
    let count = "select count(*) from pg_stat_activity where usename = 'scoped' \
                 and datname = current_database()";
    let (begun, mut most) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(1) {
        most = most.max(boss.one(count).parse().unwrap());
        assert!(most <= 2, "{most} connections");
    }
    assert_eq!(most, 2);
    for id in asked {
        raw.wait(id);
    }
    world.assert_kept(&raw.close());
}

#[test]
fn every_limit_of_the_example_is_tried_here() {
    let path = workspace().join("servers/scoped-db/config.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, limits) = text.split_once("\n[limits]\n").unwrap();
    let keys = limits.lines().filter_map(|line| line.split_once(" = "));
    let told: BTreeSet<&str> = keys.map(|(key, _)| key).collect();
    let tried = LIMITS.iter().map(|limit| limit.key);
    let tried: BTreeSet<&str> = tried.chain(["connections"]).collect();
    assert_eq!(told, tried);
}
