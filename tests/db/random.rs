//! Statements that a generator makes up, of conditions over tables with hidden rows: whatever they
//! are, two databases that differ in the hidden rows answer alike.

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;
use super::collection::Entry;
use super::hostile::Faults;

/// Tables with hidden rows or values: their numbers, and their texts.
const TABLES: [(&str, &[&str], &[&str]); 4] = [
    (
        "customers",
        &["id", "birth"],
        &["name", "city", "country", "email", "phone", "tax_id"],
    ),
    ("acme", &["id"], &["name", "city"]),
    ("notes", &["id"], &["text"]),
    ("documents", &["id"], &["title", "body", "owner"]),
];

/// What hidden values look like, and what functions choke on.
const TEXTS: [&str; 14] = [
    "zq7-name-a",
    "zq7-name-b",
    "zq7-city-a",
    "zq7-notes-a",
    "zq7-title-a",
    "zq7-local-a",
    "_q7-name-a\\",
    "%a%",
    "Cust",
    "[",
    "{\"a\"",
    "2020-13-01",
    "1e400",
    "",
];

const NUMBERS: [&str; 8] = ["0", "1", "-1", "2", "2147483647", "1e308", "0.5", "NULL"];

/// A generator that gives the same in every run.
struct Made {
    state: u64,
    table: usize,
}

impl Made {
    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 8).unwrap_or(0) % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn literal(&mut self) -> String {
        format!("'{}'", self.one(&TEXTS))
    }

    fn text(&mut self, deep: usize) -> String {
        let (_, _, columns) = TABLES[self.table];
        let way = self.below(if deep == 0 { 2 } else { 11 });
        let deep = deep.saturating_sub(1);
        match way {
            0 => self.literal(),
            1 => format!("x.{}", self.one(columns)),
            2 => {
                let function = self.one(&["lower", "upper", "reverse", "md5", "quote_literal"]);
                format!("{function}({})", self.text(deep))
            }
            3 => format!("left({}, {}::int)", self.text(deep), self.number(deep)),
            4 => format!(
                "substring({}, {}::int, {}::int)",
                self.text(deep),
                self.number(deep),
                self.number(deep)
            ),
            5 => format!(
                "regexp_replace({}, {}, 'x')",
                self.text(deep),
                self.text(deep)
            ),
            6 => format!("({} || {})", self.text(deep), self.text(deep)),
            7 => format!("chr({}::int)", self.number(deep)),
            8 => format!("({})::jsonb::text", self.text(deep)),
            9 => format!("({})::date::text", self.text(deep)),
            _ => format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                self.condition(deep),
                self.text(deep),
                self.text(deep)
            ),
        }
    }

    fn number(&mut self, deep: usize) -> String {
        let (table, columns, _) = TABLES[self.table];
        let way = self.below(if deep == 0 { 2 } else { 9 });
        let deep = deep.saturating_sub(1);
        match way {
            0 => self.one(&NUMBERS).to_owned(),
            1 => format!("x.{}", self.one(columns)),
            2 | 3 => {
                let operator = self.one(&["+", "-", "*", "/", "%", "^"]);
                format!("({} {operator} {})", self.number(deep), self.number(deep))
            }
            4 => format!("length({})", self.text(deep)),
            5 => format!("sqrt({})", self.number(deep)),
            6 => format!("({})::int", self.text(deep)),
            7 => format!(
                "(SELECT count(*) FROM {table} x WHERE {})",
                self.condition(deep)
            ),
            _ => format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                self.condition(deep),
                self.number(deep),
                self.number(deep)
            ),
        }
    }

    fn condition(&mut self, deep: usize) -> String {
        let (table, _, _) = TABLES[self.table];
        let way = self.below(if deep == 0 { 3 } else { 8 });
        let deep = deep.saturating_sub(1);
        match way {
            0 | 1 => {
                let operator = self.one(&[
                    "=",
                    "<",
                    ">=",
                    "<>",
                    "LIKE",
                    "NOT LIKE",
                    "ILIKE",
                    "~",
                    "SIMILAR TO",
                    "IS DISTINCT FROM",
                ]);
                format!("{} {operator} {}", self.text(deep), self.text(deep))
            }
            2 => format!("{} >= {}", self.number(deep), self.number(deep)),
            3 => format!(
                "{} IN ({}, {})",
                self.text(deep),
                self.literal(),
                self.text(deep)
            ),
            4 => format!("NOT ({})", self.condition(deep)),
            5 => {
                let word = self.one(&["AND", "OR"]);
                format!("({} {word} {})", self.condition(deep), self.condition(deep))
            }
            6 => format!(
                "x.id IN (SELECT x.id FROM {table} x WHERE {})",
                self.condition(deep)
            ),
            _ => format!(
                "EXISTS (SELECT 1 FROM {table} y WHERE y.id = x.id AND {})",
                self.condition(deep)
            ),
        }
    }

    fn statement(&mut self) -> String {
        self.table = self.below(TABLES.len());
        let (table, _, _) = TABLES[self.table];
        let deep = self.below(4);
        let when = self.condition(deep);
        let value = match self.below(2) {
            0 => self.text(deep),
            _ => self.number(deep),
        };
        match self.below(9) {
            0 => format!("SELECT count(*) FROM {table} x WHERE {when}"),
            1 => format!("SELECT x.id FROM {table} x WHERE {when} ORDER BY x.id"),
            2 => format!("SELECT {value} FROM {table} x ORDER BY x.id"),
            3 => format!("SELECT count(*) FROM base b JOIN {table} x ON {when}"),
            4 => format!("SELECT count(*) FROM base b LEFT JOIN {table} x ON {when}"),
            5 => format!("SELECT {value}, count(*) FROM {table} x GROUP BY 1 ORDER BY 2, 1"),
            6 => format!(
                "SELECT s.v FROM (SELECT {value} AS v, x.id FROM {table} x) s WHERE s.v IS NOT NULL \
                 ORDER BY s.id"
            ),
            7 => format!("WITH s AS (SELECT * FROM {table}) SELECT count(*) FROM s x WHERE {when}"),
            _ => format!("SELECT count(*) FILTER (WHERE {when}), max({value}) FROM {table} x"),
        }
    }
}

#[test]
fn made_up_statements_are_answered_alike_whatever_is_hidden() {
    let Some(cluster) = cluster() else { return };
    let beds = [Variant::A, Variant::B].map(|variant| Bed::new(cluster, variant, "scoped"));
    let before = beds.each_ref().map(Bed::digest);
    let mut raws = beds.each_ref().map(|bed| bed.serve("ann"));
    let (mut faults, mut answered) = (Faults::default(), 0);
    let mut made = Made {
        state: 0x9e37_79b9_7f4a_7c15,
        table: 0,
    };
    let count = 400;
    for _ in 0..count {
        let entry = Entry {
            class: "random".to_owned(),
            what: "made up".to_owned(),
            sql: made.statement(),
            params: None,
        };
        answered += faults.ask(&mut raws, "query_rows", std::slice::from_ref(&entry));
    }
    for raw in raws {
        assert_eq!(raw.close().code, Some(0));
    }
    assert_eq!(before, beds.each_ref().map(Bed::digest));
    // what it says itself comes back in other words; only the difference counts
    faults.0.retain(|fault| !fault.contains(" told: "));
    faults.none("scoped");
    // or else there would be nothing that was tried
    assert!(answered * 2 > count, "only {answered} ran of {count}");
}
