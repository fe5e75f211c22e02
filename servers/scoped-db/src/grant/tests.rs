use std::sync::Arc;

use guard::label::Label;

use super::*;
use crate::schema::Column;
use crate::schema::Write;
use crate::schema::Writes;

fn table(schema: &str, name: &str, columns: &[&str]) -> Table {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        kind: "text".to_owned(),
        nullable: true,
        label: Label::default(),
        mask: None,
        about: None,
    };
    Table {
        name: TableName {
            schema: schema.to_owned(),
            table: name.to_owned(),
        },
        about: None,
        label: Label::default(),
        columns: columns.iter().map(column).collect(),
        key: vec!["id".to_owned()],
        rows: None,
        filtered: false,
        count: None,
        writes: Writes::default(),
        estimate: None,
    }
}

fn sql(table: Table, role: &str) -> String {
    let schema = Schema {
        tables: vec![Arc::new(table)],
    };
    grant_sql(&schema, role, "crm", &["app.user_id", "app.roles"])
}

#[test]
fn a_table_that_is_read_takes_its_columns_and_its_key_and_no_more() {
    let sql = sql(table("sales", "customers", &["name", "email"]), "reader");
    let granted: Vec<&str> = sql
        .lines()
        .filter(|line| line.starts_with("GRANT"))
        .collect();
    assert_eq!(
        granted,
        [
            "GRANT CONNECT ON DATABASE \"crm\" TO \"reader\";",
            "GRANT USAGE ON SCHEMA \"sales\" TO \"reader\";",
            "GRANT SELECT (\"email\", \"id\", \"name\") ON \"sales\".\"customers\" TO \"reader\";",
        ]
    );
    assert!(sql.contains("SET default_transaction_read_only = on;"));
}

#[test]
fn a_table_that_is_written_takes_what_its_writes_say() {
    let mut notes = table("public", "notes", &["body"]);
    notes.writes.insert = Some(Write {
        columns: vec!["body".to_owned()],
        subject_column: Some("owner".to_owned()),
        ..Write::default()
    });
    notes.writes.delete = Some(Write::default());
    let sql = sql(notes, "writer");
    assert!(sql.contains("GRANT INSERT (\"body\", \"owner\") ON \"public\".\"notes\""));
    assert!(sql.contains("GRANT DELETE ON \"public\".\"notes\""));
    assert!(!sql.contains("GRANT UPDATE"));
    assert!(!sql.contains("default_transaction_read_only"));
}

#[test]
fn names_cannot_leave_their_place() {
    let hostile = "x\"; DROP TABLE t; --\n'; DROP TABLE u; --\\";
    let sql = sql(table(hostile, hostile, &[hostile]), hostile);
    for line in sql.lines().filter(|line| !line.starts_with("--")) {
        assert!(!line.starts_with("DROP"), "{line}");
    }
    // Outside of comments and quotes there is nothing of it.
    let mut outside = String::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '-' if chars.peek() == Some(&'-') => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' | '\'' => {
                let escapes = c == '\'' && outside.ends_with('E');
                while let Some(inner) = chars.next() {
                    if escapes && inner == '\\' {
                        chars.next();
                    } else if inner == c && chars.next_if_eq(&c).is_none() {
                        break;
                    }
                }
            }
            c => outside.push(c),
        }
    }
    assert!(!outside.contains("DROP"), "{outside}");
}

#[test]
fn what_everybody_may_do_by_default_is_taken_away() {
    let sql = sql(table("sales", "customers", &["name"]), "reader");
    for taken in [
        "REVOKE CREATE, TEMPORARY ON DATABASE \"crm\" FROM PUBLIC;",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
    ] {
        assert!(sql.lines().any(|line| line == taken), "{taken}");
    }
}
