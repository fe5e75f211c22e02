//! Statements that are made to use up the stack, the time or the memory of who reads them.

use std::time::Duration;
use std::time::Instant;

use super::*;

/// With room for what is to be refused for its shape and not for its length.
const WIDE: Bounds = Bounds {
    bytes: 4 << 20,
    ..BOUNDS
};

fn refused(sql: &str) {
    let began = Instant::now();
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let view = shop(dialect);
        let answer = translate(sql, &view, dialect, WIDE);
        let start: String = sql.chars().take(60).collect();
        assert!(answer.is_err(), "{start}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn what_nests_deep_is_refused() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("(SELECT ", "1", ")"),
        ("ARRAY[", "1", "]"),
        ("[", "1", "]"),
        ("lower(", "'x'", ")"),
        ("CASE WHEN true THEN ", "1", " END"),
        ("CASE ", "1", " WHEN 1 THEN 1 END"),
        ("NOT ", "true", ""),
        ("- ", "1", ""),
        ("~ ", "1", ""),
        ("EXISTS (SELECT ", "1", ")"),
        ("CAST(", "1", " AS int)"),
        ("1 + (", "1", ")"),
        ("1 IN (", "1", ")"),
        ("1 BETWEEN 1 AND ", "1", ""),
        ("1 = ANY (", "1", ")"),
        ("INTERVAL ", "'1'", ""),
        ("{", "1", "}"),
        ("ROW(", "1", ")"),
        ("CASE WHEN ", "true", " THEN 1 END"),
    ] {
        for many in [200, 30_000] {
            let sql = format!("SELECT {}{inner}{}", open.repeat(many), close.repeat(many));
            refused(&sql);
        }
    }
    refused(&format!(
        "{}SELECT 1{}",
        "(".repeat(30_000),
        ")".repeat(30_000)
    ));
    refused(&format!(
        "SELECT * FROM {}customers{}",
        "(".repeat(30_000),
        ")".repeat(30_000)
    ));
    refused(&format!(
        "SELECT * FROM {}customers{}",
        "(SELECT * FROM ".repeat(3_000),
        ") x".repeat(3_000)
    ));
    refused(&format!("{}SELECT 1", "WITH a AS (".repeat(5_000)));
    refused(&format!("SELECT 1 GROUP BY {}", "ROLLUP (".repeat(5_000)));
}

#[test]
fn what_is_long_is_refused() {
    for link in [
        " + 1",
        " AND true",
        " OR false",
        " IS NULL",
        "::int",
        "[1]",
        " || 'x'",
        " NOT IN (1)",
        " LIKE 'x'",
        ".a",
        "!",
        " AT TIME ZONE 'x'",
        " COLLATE \"C\"",
        " BETWEEN 1 AND 2",
        " IS DISTINCT FROM 1",
        " = 1",
        "->'a'",
    ] {
        refused(&format!("SELECT 1{}", link.repeat(10_000)));
        refused(&format!("SELECT 1{}", link.repeat(3_000)));
    }
    refused(&format!("SELECT 1{}", " + 1".repeat(200_000)));
    refused(&format!("SELECT 1{}", " UNION SELECT 1".repeat(60_000)));
    refused(&format!("SELECT 1{}", " UNION ALL (SELECT 1)".repeat(300)));
    refused(&format!(
        "SELECT 1 FROM customers{}",
        " NATURAL JOIN customers".repeat(9)
    ));
    refused(&format!(
        "SELECT 1 FROM customers{}",
        ", customers".repeat(9)
    ));
    refused(&format!("SELECT 1{}", ", 1".repeat(100)));
    refused(&format!(
        "SELECT 1 FROM customers, {}customers",
        "(SELECT * FROM orders) x, ".repeat(9)
    ));
}

#[test]
fn a_long_list_is_read_and_bounded_by_its_bytes() {
    let many = |many| {
        format!(
            "SELECT id FROM customers WHERE id IN (1{})",
            ",1".repeat(many)
        )
    };
    let view = shop(Dialect::Postgres);
    let read = |sql: &str, bounds| translate(sql, &view, Dialect::Postgres, bounds);
    let short = read(&many(4_000), BOUNDS).unwrap();
    assert_eq!(short.shape, read(&many(7), BOUNDS).unwrap().shape);
    assert!(read(&many(300_000), BOUNDS).is_err());
    assert!(
        read(&many(300_000), WIDE).is_ok(),
        "only its length is against it"
    );
    assert!(
        read(&many(600_000), WIDE).is_err(),
        "what is printed is bounded as well"
    );
}

#[test]
fn long_chains_of_conditions_work() {
    let chain = |word: &str| {
        let links = format!(" {word} id = 1").repeat(150);
        format!("SELECT id FROM customers WHERE id = 0{links}")
    };
    assert!(postgres(&chain("AND")).is_ok());
    assert!(postgres(&chain("OR")).is_ok());
}

#[test]
fn rules_are_bounded_as_statements_are() {
    for rule in [
        "(".repeat(30_000),
        "NOT ".repeat(2_000),
        format!("a{}", " + 1".repeat(2_400)),
    ] {
        assert!(Rule::parse(&rule, Dialect::Postgres).is_err());
    }
}

#[test]
fn what_nests_as_deep_as_may_be_fits_the_stack_of_a_thread() {
    for (least, open, inner, close) in [
        (38, "(", "1", ")"),
        (19, "(SELECT ", "1", ")"),
        (38, "lower(", "'x'", ")"),
        (38, "CASE WHEN true THEN ", "1", " END"),
        (19, "CASE WHEN (", "true", ") THEN 1 END"),
        (38, "NOT ", "true", ""),
        (38, "1 IN (", "1", ")"),
        (19, "EXISTS (SELECT ", "1", ")"),
        (38, "CAST(", "1", " AS int)"),
        (9, "(SELECT 1 FROM customers WHERE 1 = ", "1", ")"),
        (38, "sum(1) OVER (ORDER BY ", "1", ")"),
        (19, "1 = ANY(ARRAY[", "1", "])"),
        (5, "(1 = 2 OR 1 = 1 AND NOT 1 + 2 * 3 ^ ", "1", ")"),
    ] {
        let sql =
            |many: usize| format!("SELECT {}{inner}{}", open.repeat(many), close.repeat(many));
        let gap = (1..least).find(|many| postgres(&sql(*many)).is_err());
        assert_eq!(gap, None, "{open}");
        let deepest = (1..40).rev().find(|many| postgres(&sql(*many)).is_ok());
        assert!(
            deepest.is_some_and(|many| many >= least),
            "{open}: {deepest:?}"
        );
    }
}
