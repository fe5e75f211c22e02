//! What holds for every statement, whatever it is made of.
#![expect(
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

use proptest::prelude::*;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::Tokenizer;

use super::generate::Choices;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_one_harmless_select(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let made = generate::statement(&mut Choices::new(&bytes));
        let corpus: Vec<&str> = honest::honest().collect();
        let changed = generate::mutation(&mut Choices::new(&bytes), &corpus);
        for sql in [made, changed] {
            if let Ok(done) = postgres(&sql) {
                harmless(&done, &shop(Dialect::Postgres));
            }
        }
    }

    #[test]
    fn a_statement_for_sqlite_reads_tables_of_the_view_only(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let sql = generate::statement(&mut Choices::new(&bytes)).replace("public.", "");
        if let Ok(done) = sqlite(&sql) {
            subselects(&done.sql, &shop(Dialect::Sqlite));
        }
    }

    #[test]
    fn a_string_means_the_same_after(text in "[a-z'\\\\$\" \u{e9}\u{202e}\n;/*-]{0,30}") {
        let sql = format!("SELECT '{}'", text.replace('\'', "''"));
        let printed = postgres(&sql).unwrap().sql;
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, &printed).tokenize().unwrap();
        let meant = tokens.into_iter().find_map(|token| match token {
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => Some(text),
            _ => None,
        });
        prop_assert_eq!(meant.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn a_name_means_the_same_after(name in "[a-zA-Z'\\\\$\" \u{e9};-]{1,30}") {
        let sql = format!("SELECT 1 AS \"{}\"", name.replace('"', "\"\""));
        let printed = postgres(&sql).unwrap().sql;
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, &printed).tokenize().unwrap();
        let Some(Token::Word(word)) = tokens.last() else { panic!("{printed}") };
        prop_assert_eq!(&word.value, &name);
    }

    #[test]
    fn no_text_makes_the_gate_panic(text in "\\PC{0,200}") {
        let _answer = postgres(&text);
        let _answer = sqlite(&text);
        let _rule = Rule::parse(&text, Dialect::Postgres);
    }
}

/// Fails unless the printed statement is one SELECT of listed things over tables of `view`.
pub(super) fn harmless(done: &Translated, view: &View) {
    let sql = &done.sql;
    subselects(sql, view);
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql)
        .tokenize()
        .unwrap();
    let tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => Some((word.value.as_str(), word.quote_style.is_some())),
        _ => None,
    };
    for (at, token) in tokens.iter().enumerate() {
        assert!(*token != Token::SemiColon, "{sql}");
        let Some((name, quoted)) = word(at) else {
            continue;
        };
        let catalog = at >= 2
            && tokens[at - 1] == Token::Period
            && word(at - 2) == Some(("pg_catalog", false));
        let called = tokens.get(at + 1) == Some(&Token::LParen);
        match (catalog, quoted) {
            (true, true) if called => assert!(
                allowed(name) || FORMS.contains(&name),
                "function {name}: {sql}"
            ),
            (true, true) => assert!(COLLATIONS.contains(&name), "{name}: {sql}"),
            (true, false) => assert!(types::TYPES.contains(&name), "type {name}: {sql}"),
            // a name may stand before a list of column names
            (false, true) => {}
            (false, false) => assert!(KEYWORDS.contains(&name), "word {name}: {sql}"),
        }
    }
    let numbers = tokens.iter().filter_map(|token| match token {
        Token::Placeholder(text) => parse::parameter(text),
        _ => None,
    });
    assert!(
        numbers.max().is_none_or(|most| most < done.inputs.len()),
        "{sql}"
    );
    // this parser knows less than PostgreSQL's, which the judge asks
    let plain = operator::POSTGRES
        .iter()
        .chain(&["@"])
        .fold(sql.clone(), |text, symbol| {
            text.replace(&format!("OPERATOR(pg_catalog.{symbol})"), symbol)
        });
    let mut parser = sqlparser::parser::Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(1000)
        .try_with_sql(&plain)
        .unwrap();
    if let Ok(trees) = parser.parse_statements() {
        let one = matches!(trees.as_slice(), [sqlparser::ast::Statement::Query(_)]);
        assert!(one, "{sql}");
    }
}

/// Fails unless each table of the database stands in the subselect that the view has for it.
fn subselects(sql: &str, view: &View) {
    let schema = &view.tables()[0].table.name.schema;
    let opening = format!("FROM \"{schema}\".\"");
    for (at, _) in sql.match_indices(&opening) {
        let before = &sql[..at];
        let rest = &sql[at + opening.len()..];
        let known = view
            .tables()
            .iter()
            .find(|known| rest.starts_with(&format!("{}\"", known.table.name.table)));
        let known = known.unwrap_or_else(|| panic!("{sql}"));
        let start = ["(SELECT ", "ALL SELECT "].map(|opening| before.rfind(opening));
        let start = start.into_iter().flatten().max().unwrap();
        for (column, _) in known.columns() {
            assert!(
                before[start..].contains(&format!("\"{}\"", column.name)),
                "{sql}"
            );
        }
        for column in &known.table.columns {
            let shown = known.column(&column.name).is_some();
            assert!(shown || !before[start..].contains(&column.name), "{sql}");
        }
        let after = &rest[known.table.name.table.len() + 1..];
        if known.table.rows.is_some() {
            let fence = " WHERE FALSE OFFSET 0) AS \"";
            assert!(
                after.starts_with(" WHERE (") || after.starts_with(fence),
                "{sql}"
            );
        } else {
            assert!(after.starts_with(") AS \""), "{sql}");
        }
    }
    // and nowhere else; an alias may be called as the schema is, and then stands before columns
    let joined = format!("JOIN \"{schema}\".\"");
    assert!(!sql.contains(&joined), "{sql}");
}

fn allowed(name: &str) -> bool {
    include_str!("allowed.txt")
        .lines()
        .any(|known| known == name)
}

/// What the printer calls by itself: the forms of LIKE, and masks.
const FORMS: &[&str] = &["like_escape", "similar_to_escape", "btrim", "convert_to"];
const COLLATIONS: &[&str] = &["C", "POSIX", "default", "ucs_basic"];
const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "AT",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COALESCE",
    "COLLATE",
    "CROSS",
    "CUBE",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FROM",
    "FULL",
    "GREATEST",
    "GROUP",
    "GROUPING",
    "GROUPS",
    "HAVING",
    "IN",
    "INTERSECT",
    "IS",
    "JOIN",
    "LAST",
    "LATERAL",
    "LEAST",
    "LEFT",
    "LIMIT",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "MATERIALIZED",
    "NATURAL",
    "NOT",
    "NULL",
    "NULLIF",
    "NULLS",
    "OFFSET",
    "ON",
    "OPERATOR",
    "OR",
    "ORDER",
    "ORDINALITY",
    "OVER",
    "OVERLAPS",
    "PARTITION",
    "PRECEDING",
    "RANGE",
    "RECURSIVE",
    "RIGHT",
    "ROLLUP",
    "ROW",
    "ROWS",
    "SELECT",
    "SETS",
    "THEN",
    "TIES",
    "TIME",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
    "ZONE",
    "pg_catalog",
    // fields of EXTRACT and of intervals
    "century",
    "day",
    "decade",
    "dow",
    "doy",
    "epoch",
    "hour",
    "interval",
    "isodow",
    "isoyear",
    "julian",
    "microseconds",
    "millennium",
    "milliseconds",
    "minute",
    "month",
    "quarter",
    "second",
    "timezone",
    "timezone_hour",
    "timezone_minute",
    "to",
    "week",
    "year",
];
