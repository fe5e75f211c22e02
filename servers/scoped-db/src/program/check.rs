//! `check` and `grant-sql`: what would be served, and a role that may do no more.

use std::fmt::Write as _;
use std::io::Write;

use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;

use super::Arguments;
use super::ScopedDbProgram;
use super::open;
use super::place;
use super::place::Place;
use super::say;
use crate::effects::postgres::proof::Severity;
use crate::grant;
use crate::schema::Schema;
use crate::schema::declare;
use crate::schema::declare::Declaration;
use crate::statement::Dialect;

/// Shows what is served and what the role may do beyond it.
pub(super) fn check(
    start: &Start<'_, ScopedDbProgram>,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let ready = open::ready(start, arguments)?;
    let mut text = served(&ready.schema, &ready.known);
    let refused = ready
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Refuse)
        .count();
    if ready.findings.is_empty() {
        text.push_str(match ready.engine.dialect() {
            Dialect::Postgres => "\nThe role may do this and no more.\n",
            Dialect::Sqlite => {
                "\nSQLite has no roles: the file is opened read-only, and only the \
                                columns above are allowed.\n"
            }
        });
    }
    for finding in &ready.findings {
        let word = match finding.severity {
            Severity::Refuse => "refused",
            Severity::Warn => "warning",
        };
        // writing to a String cannot fail
        let _written = write!(text, "\n{word}: {}\n", finding.what);
        if let Some(fix) = &finding.fix {
            let _written = writeln!(text, "    {}", fix.replace('\n', "\n    "));
        }
    }
    say(out, &text)?;
    if refused == 0 {
        Ok(())
    } else {
        let why = format!("the role may do more than is served, in {refused} ways");
        Err(StartError::step("prove the role", why))
    }
}

fn served(schema: &Schema, known: &Taxonomy) -> String {
    let mut text = String::new();
    for table in &schema.tables {
        // writing to a String cannot fail
        let _written = writeln!(text, "{}  {}", table.name, known.text(table.label));
        if table.rows.is_some() {
            text.push_str("  only the rows that the row rule lets through\n");
        }
        for column in &table.columns {
            let label = known.text(column.label);
            let mask = column.mask.map_or_else(String::new, |masked| {
                let label = known.text(masked.label);
                format!("  (with the mask {}: {label})", masked.mask.name())
            });
            let _written = writeln!(
                text,
                "  {:<24} {:<12} {label}{mask}",
                column.name, column.kind
            );
        }
        let writes = [
            ("insert", &table.writes.insert),
            ("update", &table.writes.update),
            ("delete", &table.writes.delete),
        ];
        for (verb, write) in writes {
            if let Some(write) = write {
                let _written = writeln!(text, "  {verb} {}", write.columns.join(" "));
            }
        }
    }
    text
}

/// Prints the role that may do what the configuration says. Asks no database.
pub(super) fn grant_sql(
    start: &Start<'_, ScopedDbProgram>,
    role: Option<&str>,
    database: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let Some(source) = start.source else {
        let why = "grant-sql: give --config FILE, which names the tables and columns";
        return Err(StartError::Arguments(why.to_owned()));
    };
    let known = start.taxonomy();
    let catalog = declare::assumed(start.config);
    let declaration = Declaration {
        source,
        known: &known,
        unlabelled: known.unlabelled(),
        catalog: &catalog,
        dialect: Dialect::Postgres,
    };
    let schema = declaration.schema(start.config)?;
    let context = &start.config.context;
    let settings = [context.subject.get_ref().as_str(), context.roles.get_ref()];
    let configured = match place::place(start, &Arguments::default()) {
        Ok(Place::Postgres(target, ..)) => (target.user, target.database),
        Ok(Place::Sqlite(_)) | Err(_) => (None, None),
    };
    let role = role.map(str::to_owned).or(configured.0);
    let role = role.ok_or_else(|| missing("role", "--role ROLE"))?;
    let database = database.map(str::to_owned).or(configured.1);
    let database = database.ok_or_else(|| missing("database", "--database NAME"))?;
    let text = grant::grant_sql(&schema, &role, &database, &settings);
    say(out, &text)
}

fn missing(what: &str, argument: &str) -> StartError {
    StartError::Arguments(format!(
        "grant-sql: the configuration names no {what}: give {argument}"
    ))
}
