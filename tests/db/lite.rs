//! The same attacks on SQLite files, with those of its own dialect, and honest questions.
//!
//! # Invariants
//!
//! - Two files that differ in what is hidden get the same answers.
//! - A file has the same bytes afterwards, and no file has come beside it.

use std::collections::BTreeMap;
use std::process::Command;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use serde_json::json;

use super::bed::MASK_KEY;
use super::bed::data;
use super::collection::collection;
use super::hostile::Faults;
use super::told::DIGITS;
use super::told::hidden_in;

/// A file under attack, in the variant of this number.
pub(super) fn world(variant: usize) -> World {
    let world = World::in_memory();
    let text = data("lite.sql")
        .replace("{v}", ["a", "b"][variant])
        .replace("{n}", DIGITS[variant])
        .replace("{m}", ["7", "8"][variant]);
    let file = Connection::open(world.path("served/crm.db")).or_else(|_| {
        world.dir("served");
        Connection::open(world.path("served/crm.db"))
    });
    let file = file.expect("a file");
    file.execute_batch(&text).expect("lite.sql is right");
    world.file(
        "config.toml",
        data("lite.toml").replace("crm.db", "served/crm.db"),
    );
    world.file("policy.toml", data("policy.toml"));
    world
}

/// A server of it for `who`.
pub(super) fn serve(world: &World, who: &str) -> Raw {
    let subject = format!("--subject={who}");
    let arguments = [
        "--config={dir}/config.toml",
        "--audit={dir}/audit",
        &subject,
    ];
    let mut command = Command::new(bin("scoped-db"));
    command.args(world.arguments(&arguments)).env_clear();
    command.env("MASK_KEY", MASK_KEY);
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    raw
}

/// Every file beside the database and the database, as bytes.
fn bytes(world: &World) -> BTreeMap<String, Vec<u8>> {
    let folder = std::fs::read_dir(world.path("served")).expect("the folder");
    let files = folder.map(|entry| entry.expect("readable"));
    files
        .map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(file.path()).expect("readable"))
        })
        .collect()
}

#[test]
fn the_gate_holds_on_sqlite() {
    let worlds = [world(0), world(1)];
    let before = worlds.each_ref().map(bytes);
    let mut faults = Faults::default();
    let classes = collection("hostile");
    for class in classes.into_iter().chain(collection("hostile-lite")) {
        let mut raws = worlds.each_ref().map(|world| serve(world, "ann"));
        for entry in class.chunks(1) {
            for tool in ["query_rows", "explain_query"] {
                faults.ask(&mut raws, tool, entry);
            }
        }
        for mut raw in raws {
            let sql = "SELECT count(*), min(id), max(name) FROM customers";
            let answer = raw.call("query_rows", json!({"sql": sql})).ok();
            let rows = json!([[40, 1, "Customer 8"]]);
            assert_eq!(answer.structured()["rows"], rows, "{}", answer.short());
            let ended = raw.close();
            assert_eq!(ended.code, Some(0), "{}", ended.stderr);
            assert_eq!(hidden_in(&ended.stderr, ""), None);
        }
    }
    for (world, before) in worlds.iter().zip(before) {
        assert!(bytes(world) == before, "the file is as it was");
        for record in world.trail().records {
            assert_eq!(hidden_in(&record.to_string(), ""), None);
        }
    }
    faults.none("SQLite");
}

#[test]
fn honest_questions_to_sqlite_give_what_plain_sql_gives() {
    let (world, copy) = (world(0), world_of_truth());
    let mut raw = serve(&world, "ann");
    let mut faults = Vec::new();
    for entry in collection("honest-lite").into_iter().flatten() {
        let answer = raw.call("query_rows", entry.arguments());
        let sql = super::honest::plain(&entry);
        let expected = rows(&copy, &sql);
        assert!(!expected.is_empty(), "{entry} gives nothing");
        let given = &answer.0["result"]["structuredContent"]["rows"];
        let same = given.as_array().is_some_and(|given| {
            given.len() == expected.len() && given.iter().zip(&expected).all(alike)
        });
        if !same {
            faults.push(format!(
                "{entry}\n    gives {}\n    not {expected:?}",
                answer.code().unwrap_or_default()
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert_eq!(raw.close().code, Some(0));
}

/// Whether two rows are the same, but for the last digit that a reader of JSON may lose.
fn alike((given, expected): (&Value, &Value)) -> bool {
    let cells = |row: &Value| row.as_array().cloned().unwrap_or_default();
    let (given, expected) = (cells(given), cells(expected));
    given.len() == expected.len()
        && given
            .iter()
            .zip(&expected)
            .all(|(a, b)| match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= b.abs() * 1e-14,
                _ => a == b,
            })
}

/// A copy in which views of the same names hold what may be seen.
fn world_of_truth() -> Connection {
    let file = Connection::open_in_memory().expect("memory");
    let text = data("lite.sql").replace("{v}", "a").replace("{n}", "1");
    file.execute_batch(&text.replace("{m}", "7"))
        .expect("lite.sql is right");
    for table in [
        "customers",
        "products",
        "orders",
        "employees",
        "notes",
        "base",
        "bare",
    ] {
        let rename = format!("ALTER TABLE {table} RENAME TO real_{table}");
        file.execute_batch(&rename).expect("renamed");
    }
    file.execute_batch(&data("lite-truth.sql"))
        .expect("lite-truth.sql is right");
    file
}

fn rows(file: &Connection, sql: &str) -> Vec<Value> {
    let mut statement = file.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("plain SQL works");
    let mut all = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let cells = (0..columns).map(|at| match row.get_ref(at).expect("a cell") {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            ValueRef::Blob(_) => json!("blob"),
        });
        all.push(Value::Array(cells.collect()));
    }
    all
}
