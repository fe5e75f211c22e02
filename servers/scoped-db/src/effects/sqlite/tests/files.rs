//! Which files are opened, and what is in them.

#![expect(
    clippy::disallowed_methods,
    reason = "a test does what an intruder would"
)]

use serde_json::json;

use super::super::OpenTrouble;
use super::super::Settings;
use super::super::Sqlite;
use super::super::testing::World;
use super::super::testing::ask;
use super::super::testing::fault;
use super::super::testing::settings;

#[tokio::test]
async fn a_file_that_is_swapped_or_damaged_is_a_fault_and_no_answer() {
    let world = World::new();
    let sqlite = world.open();
    let decoy = World::new();
    let count = "SELECT count(*) FROM orders";
    std::fs::rename(decoy.path(), world.path()).unwrap();
    let said = fault(ask(&sqlite, count).await);
    assert!(said.contains("replaced"), "{said}");

    let world = World::new();
    let sqlite = world.open();
    let mut bytes = std::fs::read(world.path()).unwrap();
    let tail = bytes.len();
    bytes[4096..tail].fill(0xa5);
    std::fs::write(world.path(), &bytes).unwrap();
    let said = fault(ask(&sqlite, count).await);
    assert!(said.contains("malformed"), "{said}");
}

#[test]
fn what_is_no_database_is_not_opened() {
    let world = World::new();
    let dir = world.path().parent().unwrap().to_owned();
    let text = dir.join("text.db");
    std::fs::write(
        &text,
        "not a database at all, but long enough to look".repeat(20),
    )
    .unwrap();
    let link = dir.join("link.db");
    std::os::unix::fs::symlink(world.path(), &link).unwrap();
    let open = |path: &std::path::Path| Sqlite::open(path, &Settings::default()).unwrap_err();
    assert!(matches!(open(&text), OpenTrouble::NotADatabase));
    assert!(matches!(open(&link), OpenTrouble::Link));
    assert!(matches!(open(&dir), OpenTrouble::NotAFile));
    assert!(matches!(open(&dir.join("no.db")), OpenTrouble::Missing(_)));
    let address = format!("file:{}?mode=rwc", world.path().display());
    assert!(matches!(open(address.as_ref()), OpenTrouble::Missing(_)));
    assert!(!dir.join("no.db").exists());

    let mut wrong = settings();
    wrong.tables[0].columns.push("no_such_column".to_owned());
    let said = Sqlite::open(&world.path(), &wrong).unwrap_err().to_string();
    assert!(
        said.contains("table `customers`: ") && said.contains("no_such_column"),
        "{said}"
    );
}

#[tokio::test]
async fn a_database_in_wal_mode_is_read_beside_its_writer() {
    let world = World::new();
    world.run("PRAGMA journal_mode = WAL");
    let writer = rusqlite::Connection::open(world.path()).unwrap();
    let sqlite = world.open();
    writer.execute_batch("BEGIN; DELETE FROM orders").unwrap();
    let count = "SELECT count(*) FROM orders";
    assert_eq!(json!(ask(&sqlite, count).await.unwrap().rows), json!([[3]]));
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(json!(ask(&sqlite, count).await.unwrap().rows), json!([[0]]));
}

#[test]
fn the_catalog_has_tables_and_views_with_their_columns() {
    let world = World::new();
    world.run(
        "CREATE TABLE g (b TEXT, a INT, c AS (a + 1), d, PRIMARY KEY (a, b)) WITHOUT ROWID;
         CREATE VIRTUAL TABLE words USING fts5(body);
         CREATE VIEW stale AS SELECT no_such_function(a) FROM g;
         CREATE VIEW gone AS SELECT x FROM no_such_table;
         ANALYZE;",
    );
    let catalog = Sqlite::catalog_of(&world.path()).unwrap();
    let names: Vec<_> = catalog.tables.iter().map(|t| t.name.to_string()).collect();
    assert_eq!(
        names,
        [
            "main.customers",
            "main.g",
            "main.orders",
            "main.payroll",
            "main.seen",
            "main.spenders"
        ]
    );
    let g = &catalog.tables[1];
    let columns: Vec<_> = g
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.kind.as_str(), c.nullable))
        .collect();
    assert_eq!(
        columns,
        [
            ("b", "TEXT", false),
            ("a", "INT", false),
            ("c", "ANY", true),
            ("d", "ANY", true)
        ]
    );
    assert_eq!(g.key, ["a", "b"]);
    assert_eq!(catalog.tables[2].estimate, Some(3));
    assert!(catalog.tables[5].view && !catalog.tables[2].view);
    assert_eq!(world.open().catalog().unwrap(), catalog);
}

#[test]
fn what_keeps_a_file_from_being_read_is_said_to_the_operator() {
    let world = World::new();
    world.run("PRAGMA journal_mode = WAL");
    let beside = world.path().with_file_name("crm.db-wal");
    std::fs::create_dir(beside).unwrap();
    let said = Sqlite::open(&world.path(), &settings()).unwrap_err();
    assert!(said.to_string().contains("WAL mode"), "{said}");

    // a writer that died in the middle of a change
    let (world, dead) = (World::new(), World::new());
    let writer = rusqlite::Connection::open(world.path()).unwrap();
    let spill = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;
        INSERT INTO seen SELECT hex(zeroblob(900)) FROM customers, customers, customers, orders;
        UPDATE seen SET note = note || 'x';";
    writer.execute_batch(spill).unwrap();
    for end in ["", "-journal"] {
        let name = format!("crm.db{end}");
        let copy = dead.path().with_file_name(&name);
        std::fs::copy(world.path().with_file_name(&name), copy).unwrap();
    }
    let said = Sqlite::open(&dead.path(), &settings()).unwrap_err();
    assert!(matches!(said, OpenTrouble::Unfinished(_)), "{said:?}");
}
