//! Makes statements out of random bytes: of the grammar, with names, strings and fragments that
//! an attacker would choose. Equal bytes make equal statements.
//!
//! Needs nothing but the standard library: the judge and the fuzzer include this file as it is.

#[path = "pools.rs"]
mod pools;

use pools::BAD_FIELDS;
use pools::BAD_LIKES;
use pools::BAD_LITERALS;
use pools::BAD_OPERATORS;
use pools::BAD_ROWS;
use pools::BAD_SUFFIXES;
use pools::BAD_TAILS;
use pools::BAD_TYPES;
use pools::CUSTOMERS;
use pools::DOCUMENTS;
use pools::FIELDS;
use pools::FORBIDDEN;
use pools::FRAGMENTS;
use pools::FUNCTIONS;
use pools::HIDDEN_TABLES;
use pools::LIKES;
use pools::LITERALS;
use pools::NAMES;
use pools::OPERATORS;
use pools::ORDERS;
use pools::QUALIFIED;
use pools::QUOTED;
use pools::ROWS;
use pools::STATEMENTS;
use pools::STRINGS;
use pools::SUFFIXES;
use pools::TAILS;
use pools::TYPES;

/// What is decided by random bytes.
pub struct Choices<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Choices<'a> {
    /// Decides by `bytes`; when they are used up, always for the first.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn pick(&mut self, many: usize) -> usize {
        let byte = |place: usize| self.bytes.get(place).copied().map_or(0, usize::from);
        let number = byte(self.at) * 256 + byte(self.at + 1);
        self.at += 2;
        number % many.max(1)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.pick(many) == many - 1
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.pick(texts.len())]
    }
}

/// A statement.
pub fn statement(choices: &mut Choices<'_>) -> String {
    let mut writer = Writer {
        choices,
        tables: vec![Vec::new()],
        withs: Vec::new(),
        aliases: 0,
    };
    let mut text = writer.query(3);
    for _ in 0..choices.pick(12).saturating_sub(10) {
        text = mutated(choices, &text);
    }
    text
}

/// A statement of `corpus`, or the halves of two, with something changed.
pub fn mutation(choices: &mut Choices<'_>, corpus: &[&str]) -> String {
    let one = choices.of(corpus);
    let mut text = if choices.one_in(4) {
        let other: Vec<char> = choices.of(corpus).chars().collect();
        let one: Vec<char> = one.chars().collect();
        let (left, right) = (choices.pick(one.len() + 1), choices.pick(other.len() + 1));
        one[..left].iter().chain(&other[right..]).collect()
    } else {
        one.to_owned()
    };
    for _ in 0..=choices.pick(2) {
        text = mutated(choices, &text);
    }
    text
}

/// The text with something put in, taken out, or said twice.
fn mutated(choices: &mut Choices<'_>, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = choices.pick(letters.len() + 1);
    let end = (at + choices.pick(12)).min(letters.len());
    let before: String = letters[..at].iter().collect();
    let there: String = letters[at..end].iter().collect();
    let after: String = letters[end..].iter().collect();
    match choices.pick(3) {
        0 => format!("{before}{}{there}{after}", choices.of(FRAGMENTS)),
        1 => format!("{before}{after}"),
        _ => format!("{before}{there}{there}{after}"),
    }
}

/// A table in FROM: its alias, and names of its columns.
type Known = (String, &'static [&'static str]);

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    tables: Vec<Vec<Known>>,
    withs: Vec<String>,
    aliases: usize,
}

impl Writer<'_, '_> {
    fn pick(&mut self, many: usize) -> usize {
        self.choices.pick(many)
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        self.choices.of(texts)
    }

    /// One of `honest`, and now and then one of `hostile`.
    fn mostly<'t>(&mut self, honest: &[&'t str], hostile: &[&'t str]) -> &'t str {
        if self.choices.one_in(24) {
            self.of(hostile)
        } else {
            self.of(honest)
        }
    }

    fn query(&mut self, depth: usize) -> String {
        let withs = self.withs.len();
        let mut text = String::new();
        if depth > 1 && self.choices.one_in(6) {
            let recursive = self.of(&["", "RECURSIVE "]);
            let name = self.name();
            let inner = self.query(depth - 1);
            text = format!("WITH {recursive}{name} AS ({inner}) ");
            self.withs.push(name);
        }
        text += &self.body(depth);
        text += &self.tail(depth);
        self.withs.truncate(withs);
        text
    }

    fn body(&mut self, depth: usize) -> String {
        match self.pick(if depth > 0 { 14 } else { 10 }) {
            10 => {
                let operator =
                    self.of(&[" UNION ", " UNION ALL ", " EXCEPT ", " INTERSECT ", "; "]);
                let (left, right) = (self.select(depth - 1), self.select(depth - 1));
                format!("{left}{operator}{right}")
            }
            11 => {
                let rows: Vec<String> = (0..=self.pick(3))
                    .map(|_| format!("({}, {})", self.constant(), self.constant()))
                    .collect();
                format!("VALUES {}", rows.join(", "))
            }
            12 => format!("({})", self.query(depth - 1)),
            13 if self.choices.one_in(4) => self.of(STATEMENTS).to_owned(),
            _ => self.select(depth),
        }
    }

    fn tail(&mut self, depth: usize) -> String {
        match self.pick(12) {
            8 => format!(" ORDER BY {} DESC NULLS LAST", self.expr(depth.min(1))),
            9 => format!(" ORDER BY {}", self.pick(4)),
            10 => format!(" LIMIT {}", self.pick(100)),
            11 => self.mostly(TAILS, BAD_TAILS).to_owned(),
            _ => String::new(),
        }
    }

    fn select(&mut self, depth: usize) -> String {
        self.tables.push(Vec::new());
        let from = match self.pick(8) {
            0 if self.tables.len() > 1 => String::new(),
            _ => {
                let mut from = format!(" FROM {}", self.relation(depth));
                for _ in 0..self.pick(5).saturating_sub(2) {
                    from += &self.join(depth);
                }
                from
            }
        };
        let distinct = self.of(&["", "", "", "", "DISTINCT ", "ALL "]);
        let items: Vec<String> = (0..=self.pick(3)).map(|_| self.item(depth)).collect();
        let mut text = format!("SELECT {distinct}{}{from}", items.join(", "));
        if self.pick(2) == 1 {
            text += &format!(" WHERE {}", self.expr(depth));
        }
        match self.pick(10) {
            7 => text += &format!(" GROUP BY {}", self.expr(1)),
            8 => text += " GROUP BY 1 HAVING count(*) > 1",
            9 => text += &format!(" GROUP BY ROLLUP ({}, {})", self.column(), self.column()),
            _ => {}
        }
        self.tables.pop();
        text
    }

    fn item(&mut self, depth: usize) -> String {
        match self.pick(10) {
            7 => "*".to_owned(),
            8 => format!("{}.*", self.alias()),
            9 => format!("{} AS {}", self.expr(depth), self.name()),
            _ => self.expr(depth),
        }
    }

    fn relation(&mut self, depth: usize) -> String {
        self.aliases += 1;
        let alias = match self.pick(8) {
            7 => self.name(),
            _ => format!("t{}", self.aliases),
        };
        let (text, columns): (String, &'static [&'static str]) = match self.pick(14) {
            9 if !self.withs.is_empty() => {
                let at = self.pick(self.withs.len());
                (self.withs[at].clone(), &["id", "name"])
            }
            10 if depth > 0 => {
                let lateral = self.of(&["", "LATERAL "]);
                (
                    format!("{lateral}({})", self.query(depth - 1)),
                    &["id", "name"],
                )
            }
            11 => (self.mostly(ROWS, BAD_ROWS).to_owned(), &["key", "value"]),
            12 if self.choices.one_in(4) => (self.of(HIDDEN_TABLES).to_owned(), &["id"]),
            0..=3 => ("customers".to_owned(), CUSTOMERS),
            4..=6 => ("public.orders".to_owned(), ORDERS),
            _ => ("documents".to_owned(), DOCUMENTS),
        };
        if let Some(tables) = self.tables.last_mut() {
            tables.push((alias.clone(), columns));
        }
        let columns = self.mostly(&[""], &["(id, name)", "(ssn)"]);
        let sample = self.mostly(&[""], &["", "", " TABLESAMPLE SYSTEM (1)"]);
        format!("{text} AS {alias}{columns}{sample}")
    }

    fn join(&mut self, depth: usize) -> String {
        let relation = self.relation(depth);
        match self.pick(7) {
            0 => format!(", {relation}"),
            1 => format!(" CROSS JOIN {relation}"),
            2 => format!(" NATURAL JOIN {relation}"),
            3 => format!(" JOIN {relation} USING ({})", self.of(NAMES)),
            4 => format!(" LEFT JOIN {relation} ON true"),
            _ => format!(" JOIN {relation} ON {}", self.expr(1)),
        }
    }

    fn alias(&mut self) -> String {
        let level = self.pick(self.tables.len());
        let tables = &self.tables[self.tables.len() - 1 - level];
        if tables.is_empty() {
            return self.name();
        }
        let at = self.choices.pick(tables.len());
        self.tables[self.tables.len() - 1 - level][at].0.clone()
    }

    fn column(&mut self) -> String {
        let level = self.pick(8) / 6;
        let level = level.min(self.tables.len() - 1);
        let tables = &self.tables[self.tables.len() - 1 - level];
        if tables.is_empty() {
            return self.of(NAMES).to_owned();
        }
        let at = self.choices.pick(tables.len());
        let (alias, columns) = self.tables[self.tables.len() - 1 - level][at].clone();
        match self.pick(16) {
            0..=8 => format!("{alias}.{}", self.of(columns)),
            9..=12 => self.of(columns).to_owned(),
            13 => alias,
            14 if self.choices.one_in(4) => format!("{alias}.{}", self.name()),
            15 if self.choices.one_in(4) => self.name(),
            _ => format!("{alias}.{}", self.of(columns)),
        }
    }

    fn name(&mut self) -> String {
        match self.pick(6) {
            5 => format!("\"{}\"", self.of(QUOTED)),
            _ => self.of(NAMES).to_owned(),
        }
    }

    fn constant(&mut self) -> String {
        match self.pick(8) {
            0..=1 => format!("{}", self.pick(100)),
            2 => "1.5e3".to_owned(),
            3 => self.of(&["NULL", "TRUE", "$1", "-1", "$2"]).to_owned(),
            4 => self.mostly(LITERALS, BAD_LITERALS).to_owned(),
            _ => format!("'{}'", self.of(STRINGS)),
        }
    }

    fn expr(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.pick(2) == 0 {
                self.column()
            } else {
                self.constant()
            };
        }
        let depth = depth - 1;
        match self.pick(34) {
            0..=5 => self.column(),
            6..=7 => self.constant(),
            8..=10 => {
                let (left, right) = (self.expr(depth), self.expr(depth));
                format!("{left} {} {right}", self.mostly(OPERATORS, BAD_OPERATORS))
            }
            11 => format!(
                "({} AND NOT {} OR {})",
                self.expr(depth),
                self.expr(depth),
                self.expr(depth)
            ),
            12..=15 => self.call(depth),
            16 => format!("{}::{}", self.expr(depth), self.mostly(TYPES, BAD_TYPES)),
            17 => format!(
                "CAST({} AS {})",
                self.expr(depth),
                self.mostly(TYPES, BAD_TYPES)
            ),
            18 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.expr(depth),
                self.expr(depth),
                self.expr(depth)
            ),
            19 => format!(
                "{} IN ({}, {})",
                self.expr(depth),
                self.constant(),
                self.expr(depth)
            ),
            20 => format!("{} IN ({})", self.column(), self.query(depth)),
            21 => format!("EXISTS ({})", self.query(depth)),
            22 => format!("({})", self.query(depth)),
            23 => format!(
                "{} BETWEEN {} AND {}",
                self.expr(depth),
                self.expr(depth),
                self.constant()
            ),
            24 => format!(
                "{} {} {}",
                self.expr(depth),
                self.mostly(LIKES, BAD_LIKES),
                self.constant()
            ),
            25 => format!(
                "{} IS {}",
                self.expr(depth),
                self.of(&[
                    "NULL",
                    "NOT NULL",
                    "TRUE",
                    "DISTINCT FROM 1",
                    "UNKNOWN",
                    "OF (int)"
                ])
            ),
            26 => format!("ARRAY[{}, {}]", self.expr(depth), self.constant()),
            27 => format!(
                "{} = {} ({})",
                self.expr(depth),
                self.of(&["ANY", "ALL", "SOME"]),
                self.expr(depth)
            ),
            28 => format!("({})[{}]", self.column(), self.expr(depth)),
            29 => format!(
                "{}{}",
                self.of(&["- ", "+ ", "NOT ", "~ ", "@ ", "|/ ", "-"]),
                self.expr(depth)
            ),
            30 => format!(
                "{}{}",
                self.expr(depth),
                self.mostly(SUFFIXES, BAD_SUFFIXES)
            ),
            31 => format!("ROW({}, {})", self.expr(depth), self.column()),
            32 => self.form(depth),
            _ => self.mostly(&["1"], FRAGMENTS).to_owned(),
        }
    }

    fn form(&mut self, depth: usize) -> String {
        let (one, two) = (self.expr(depth), self.expr(depth));
        match self.pick(10) {
            0 => format!("extract({} FROM {one})", self.mostly(FIELDS, BAD_FIELDS)),
            1 => format!("substring({one} FROM 1 FOR {two})"),
            2 => format!("trim(both 'x' from {one})"),
            3 => format!("position({one} in {two})"),
            4 => format!("overlay({one} placing {two} from 1)"),
            5 => format!("INTERVAL '{}'", self.of(STRINGS)),
            6 => format!("INTERVAL '1' {}", self.mostly(FIELDS, BAD_FIELDS)),
            7 => format!("{} '{}'", self.mostly(TYPES, BAD_TYPES), self.of(STRINGS)),
            8 => format!("ARRAY({})", self.query(depth)),
            _ => format!("({one}, 1) OVERLAPS ({two}, 2)"),
        }
    }

    fn call(&mut self, depth: usize) -> String {
        let name = match self.pick(8) {
            6 => self.mostly(QUALIFIED, FORBIDDEN),
            7 => self.mostly(FUNCTIONS, NAMES),
            _ => self.mostly(FUNCTIONS, FORBIDDEN),
        };
        let arguments = match self.pick(24) {
            20 => String::new(),
            21 => "*".to_owned(),
            1..=3 => format!("{}, {}", self.expr(depth), self.expr(depth)),
            22 => format!("DISTINCT {}", self.column()),
            23 => format!("{} ORDER BY {}", self.column(), self.column()),
            19 => format!("{}.*", self.alias()),
            _ => self.expr(depth),
        };
        let after = match self.pick(40) {
            9 => " OVER ()".to_owned(),
            10 => format!(
                " OVER (PARTITION BY {} ORDER BY {})",
                self.column(),
                self.column()
            ),
            11 => format!(" FILTER (WHERE {})", self.expr(depth.min(1))),
            12 => " OVER (ORDER BY 1 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)".to_owned(),
            13 => format!(" WITHIN GROUP (ORDER BY {})", self.column()),
            _ => String::new(),
        };
        format!("{name}({arguments}){after}")
    }
}
