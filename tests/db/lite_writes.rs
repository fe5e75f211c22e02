//! Changes in a SQLite file: as in PostgreSQL, only what is granted, exactly, and recorded first.

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;

use super::bed::data;

const TABLES: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) < 40),
    email TEXT UNIQUE, owner TEXT NOT NULL, credit INTEGER NOT NULL DEFAULT 0, secret TEXT DEFAULT 'zq7-s');
INSERT INTO customers (id, name, email, owner, secret) VALUES (1, 'One', 'one@example', 'clara', 'zq7-1'),
    (2, 'Two', 'two@example', 'clara', 'zq7-2'), (3, 'Three', 'zq7-three', 'zq7-other', 'zq7-3');
CREATE TABLE log (what TEXT);
CREATE TRIGGER seen AFTER UPDATE ON customers BEGIN INSERT INTO log VALUES ('changed'); END;
CREATE TABLE payroll (id INTEGER PRIMARY KEY, amount INTEGER);
INSERT INTO payroll VALUES (1, 918271);
";

const CONFIG: &str = "
[guard]
policy = \"policy.toml\"

[database]
sqlite = \"crm.db\"

[[tables]]
name = \"customers\"
label = \"internal\"
rows = \"owner = :subject\"
[tables.columns]
id = true
name = true
email = true
credit = true
[tables.insert]
columns = [\"name\", \"email\", \"credit\"]
subject-column = \"owner\"
[tables.update]
columns = [\"name\", \"credit\"]
[tables.delete]
most = 1
";

fn world() -> World {
    let world = World::new();
    let file = Connection::open(world.path("crm.db")).expect("a file");
    file.execute_batch(TABLES).expect("tables");
    world.file("config.toml", CONFIG);
    world.file("policy.toml", data("policy.toml"));
    world
}

fn serve(world: &World, who: &str) -> Raw {
    let subject = format!("--subject={who}");
    let arguments = [
        "--config={dir}/config.toml",
        "--audit={dir}/audit",
        &subject,
    ];
    Raw::start(&bin("scoped-db"), &world.arguments(&arguments), Era::Modern)
}

/// Everything in the file, as text.
fn all(world: &World) -> String {
    let file = Connection::open(world.path("crm.db")).expect("a file");
    let mut all = String::new();
    for table in ["customers", "log", "payroll"] {
        let sql = format!("SELECT * FROM {table}");
        let mut statement = file.prepare(&sql).expect("a table");
        let width = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for at in 0..width {
                let cell: rusqlite::types::Value = row.get(at).expect("a cell");
                all.push_str(&format!("{cell:?} "));
            }
            all.push('\n');
        }
    }
    all
}

#[test]
fn changes_of_a_file_are_exact_and_only_what_is_granted() {
    let world = world();
    let before = all(&world);
    let mut raw = serve(&world, "ann");
    let answer = raw.call(
        "delete_rows",
        json!({"table": "customers", "key": {"id": 1}}),
    );
    let said = answer.error()["message"].as_str().unwrap().to_owned();
    assert!(said.contains("unknown tool"), "{said}");
    let mut raw = serve(&world, "clara");
    let key = |id: u32| json!({"id": id});
    for (tool, arguments) in [
        (
            "update_rows",
            json!({"table": "customers", "key": key(3), "set": {"name": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": key(9), "set": {"name": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": key(1), "set": {"owner": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": key(1), "set": {"secret": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": key(1), "set": {"rowid": 77}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": {"rowid": 1}, "set": {"name": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": key(1), "set": {"name": "x"}, "expect": 2}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": {}, "set": {"name": "x"}}),
        ),
        (
            "update_rows",
            json!({"table": "payroll", "key": key(1), "set": {"amount": 1}}),
        ),
        ("delete_rows", json!({"table": "customers", "key": key(3)})),
        ("delete_rows", json!({"table": "log", "key": {"what": "x"}})),
        (
            "insert_row",
            json!({"table": "customers", "values": {"name": "N", "owner": "bob"}}),
        ),
        (
            "insert_row",
            json!({"table": "customers", "values": {"name": "N", "email": "zq7-three"}}),
        ),
        (
            "insert_row",
            json!({"table": "customers", "values": {"name": "N".repeat(50)}}),
        ),
        (
            "insert_row",
            json!({"table": "sqlite_master", "values": {"name": "N"}}),
        ),
        ("query_rows", json!({"sql": "DELETE FROM customers"})),
        ("query_rows", json!({"sql": "SELECT secret FROM customers"})),
    ] {
        let answer = raw.call(tool, arguments.clone());
        assert!(!answer.is_ok(), "{arguments}: {}", answer.short());
        let text = answer.0.to_string();
        for words in ["UNIQUE", "CHECK", "constraint", "zq7-3"] {
            assert!(!text.contains(words), "{text}");
        }
        assert_eq!(all(&world), before, "{arguments}");
    }
    let set = json!({"name": "Uno"});
    raw.call(
        "update_rows",
        json!({"table": "customers", "key": key(1), "set": set}),
    )
    .ok();
    let values = json!({"name": "New", "email": "new@example"});
    raw.call(
        "insert_row",
        json!({"table": "customers", "values": values}),
    )
    .ok();
    raw.call("delete_rows", json!({"table": "customers", "key": key(2)}))
        .ok();
    let sql = "SELECT name FROM customers ORDER BY id";
    let answer = raw.call("query_rows", json!({"sql": sql})).ok();
    assert_eq!(answer.structured()["rows"], json!([["Uno"], ["New"]]));
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let now = all(&world);
    assert!(now.contains("changed") && now.contains("clara"), "{now}");
    let trail = world.trail();
    let intents = trail.records.iter().filter(|r| r["phase"] == "intent");
    let tools: Vec<&Value> = intents.map(|intent| &intent["gen_ai.tool.name"]).collect();
    assert!(tools.len() >= 3, "{tools:?}");
}

#[test]
fn a_file_that_is_locked_costs_a_refusal_and_no_more() {
    let world = world();
    let mut raw = serve(&world, "clara");
    raw.call("list_tables", json!({})).ok();
    let file = Connection::open(world.path("crm.db")).expect("a file");
    file.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let set = json!({"name": "Uno"});
    let arguments = json!({"table": "customers", "key": {"id": 1}, "set": set});
    let answer = raw.call("update_rows", arguments.clone());
    assert!(!answer.is_ok(), "{}", answer.short());
    file.execute_batch("ROLLBACK").expect("no lock");
    raw.call("update_rows", arguments).ok();
    assert_eq!(raw.close().code, Some(0));
}
