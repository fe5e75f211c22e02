//! Writes the role that a configuration needs, as SQL for somebody who may create it. Pure.
//!
//! # Invariants
//!
//! - [`Needs`] is the one place that says which rights a table takes. What is granted here is
//!   what the proof at start accepts, and nothing else is.
//! - A name cannot leave the quotes, nor the comment, that it stands in.

use std::collections::BTreeSet;

use crate::schema::Schema;
use crate::schema::Table;
use crate::schema::TableName;

/// The rights that one table takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Needs {
    /// Which table.
    pub table: TableName,
    /// Columns that are read: the declared ones, those of the key, those of the row rule.
    pub read: BTreeSet<String>,
    /// Columns that are given values in new rows; none where there are no new rows.
    pub insert: Option<BTreeSet<String>>,
    /// Columns that are given new values.
    pub update: Option<BTreeSet<String>>,
    /// Whether rows are deleted.
    pub delete: bool,
}

impl Needs {
    /// What `table` takes.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let declared = table.columns.iter().map(|column| column.name.as_str());
        let key = table.key.iter().map(String::as_str);
        let rule = table.rows.iter().flat_map(|rule| rule.columns());
        let names = |write: &crate::schema::Write| -> BTreeSet<String> {
            let filled = write.subject_column.iter();
            write.columns.iter().chain(filled).cloned().collect()
        };
        Self {
            table: table.name.clone(),
            read: declared.chain(key).chain(rule).map(str::to_owned).collect(),
            insert: table.writes.insert.as_ref().map(names),
            update: table.writes.update.as_ref().map(names),
            delete: table.writes.delete.is_some(),
        }
    }

    /// What grants it to `role`, one statement a line.
    fn granted(&self, role: &str) -> String {
        let table = quoted_table(&self.table);
        let mut text = String::new();
        let columns = [
            ("SELECT", Some(&self.read)),
            ("INSERT", self.insert.as_ref()),
            ("UPDATE", self.update.as_ref()),
        ];
        for (right, columns) in columns {
            if let Some(columns) = columns.filter(|columns| !columns.is_empty()) {
                let columns = list(columns);
                text.push_str(&format!(
                    "GRANT {right} ({columns}) ON {table} TO {role};\n"
                ));
            }
        }
        if self.delete {
            text.push_str(&format!("GRANT DELETE ON {table} TO {role};\n"));
        }
        text
    }
}

/// SQL that makes `role` in `database` with the rights that `schema` needs and no others.
/// `context` names the settings that row-level security may read.
#[must_use]
pub fn grant_sql(schema: &Schema, role: &str, database: &str, context: &[&str]) -> String {
    let needs: Vec<Needs> = schema.tables.iter().map(|table| Needs::of(table)).collect();
    let schemas: BTreeSet<&str> = needs.iter().map(|n| n.table.schema.as_str()).collect();
    let shown = harmless(database);
    let (name, database) = (role, quoted(database));
    let role = quoted(role);
    let mut text = format!(
        "-- A role that may do what the configuration says, and nothing else. Read it, then run it\n\
         -- in the database {shown} as the owner of what is in there, or as a superuser.\n\n\
         BEGIN;\n\n"
    );
    text.push_str(&created(name));
    text.push_str(
        "-- Its password: \\password in psql sets one without writing it down anywhere.\n\n\
         -- What everybody may do where nobody said otherwise. It is taken from everybody, since\n\
         -- there is no other way to take it from one role.\n",
    );
    text.push_str(&format!(
        "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC;\n\
         REVOKE CREATE ON SCHEMA public FROM PUBLIC;\n\n\
         -- What it needs.\n\
         REVOKE ALL ON DATABASE {database} FROM {role};\n\
         GRANT CONNECT ON DATABASE {database} TO {role};\n"
    ));
    for schema in &schemas {
        let schema = quoted(schema);
        text.push_str(&format!(
            "REVOKE ALL ON SCHEMA {schema} FROM {role};\n\
             REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};\n\
             GRANT USAGE ON SCHEMA {schema} TO {role};\n"
        ));
    }
    for needs in &needs {
        text.push_str(&needs.granted(&role));
    }
    text.push_str(&settings(&role, &database, schema.writes()));
    text.push_str("\nCOMMIT;\n");
    text.push_str(&hints(&needs, &schemas, &role, context));
    text
}

/// Makes the role, or takes from one that is there what it must not have.
fn created(name: &str) -> String {
    let role = quoted(name);
    let body = format!(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) \
         THEN CREATE ROLE {role}; END IF; END",
        literal(name)
    );
    format!(
        "DO {};\n\
         ALTER ROLE {role} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION \
         NOBYPASSRLS CONNECTION LIMIT 32;\n",
        literal(&body)
    )
}

/// What its sessions begin with. The server sets the same itself, and stricter.
fn settings(role: &str, database: &str, writes: bool) -> String {
    let mut text = String::from("\n-- What its sessions begin with.\n");
    let mut set = |what: &str| {
        text.push_str(&format!(
            "ALTER ROLE {role} IN DATABASE {database} SET {what};\n"
        ));
    };
    if !writes {
        set("default_transaction_read_only = on");
    }
    set("search_path = ''");
    set("statement_timeout = '60s'");
    set("lock_timeout = '5s'");
    set("idle_in_transaction_session_timeout = '60s'");
    text
}

/// What only the operator can decide, as comments.
fn hints(needs: &[Needs], schemas: &BTreeSet<&str>, role: &str, context: &[&str]) -> String {
    let mut text = String::from(
        "\n-- What only you can decide. `scoped-db check` tells what is left to do.\n\
         --\n\
         -- Functions may be run by everybody. Take that from those that nobody but you should run:\n",
    );
    let mut line = |what: &str| text.push_str(&format!("-- {}\n", harmless(what)));
    for schema in schemas {
        let schema = quoted(schema);
        line(&format!(
            "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;"
        ));
    }
    if needs.iter().any(|needs| needs.insert.is_some()) {
        line("");
        line("Columns that take their values from a sequence need it in new rows:");
        line(&format!("GRANT USAGE ON SEQUENCE ... TO {role};"));
    }
    if let Some(subject) = context.first() {
        line("");
        line("The database can hold each caller to their own rows by itself, if it is told how:");
        for needs in needs {
            let table = quoted_table(&needs.table);
            line(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"));
            line(&format!(
                "CREATE POLICY own ON {table} TO {role} USING \
                 (OWNER_COLUMN = pg_catalog.current_setting({}, true));",
                literal(subject)
            ));
        }
        line("A policy like this trusts the setting, so that nobody else must be able to set it:");
        line("REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;");
        let settings: Vec<String> = context.iter().map(|name| harmless(name)).collect();
        line(&format!(
            "The server sets {} in each transaction.",
            settings.join(" and ")
        ));
    }
    text
}

/// A name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name in quotes.
pub(crate) fn quoted_table(name: &TableName) -> String {
    format!("{}.{}", quoted(&name.schema), quoted(&name.table))
}

/// Names in quotes, with commas between them.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// A text in quotes, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let escaped = text.replace('\'', "''");
    if escaped.contains('\\') {
        format!("E'{}'", escaped.replace('\\', "\\\\"))
    } else {
        format!("'{escaped}'")
    }
}

/// Without what would end the line of a comment, or look like it.
fn harmless(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if odd(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
