//! Looks for what is declared and is not there, or cannot be used by the role. Pure.
//!
//! A table that is misspelt would otherwise only show when somebody asks for it.

use std::collections::BTreeSet;

use super::Finding;
use super::facts::Fact;
use super::refuse;
use super::warn;
use crate::effects::catalog::Catalog;
use crate::grant::Needs;
use crate::grant::list;
use crate::grant::quoted;
use crate::grant::quoted_table;
use crate::schema::TableName;

/// What `role`, in quotes, lacks of what the tables need.
pub(super) fn findings<'a>(
    facts: &[Fact],
    catalog: &Catalog,
    needs: impl Iterator<Item = &'a Needs>,
    role: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut closed = BTreeSet::new();
    for needs in needs {
        let name = &needs.table;
        let Some(known) = catalog.find(name) else {
            found.push(refuse(format!("there is no table {name}"), None));
            continue;
        };
        let mut relations = facts.iter().filter(|fact| fact.kind == "relation");
        let relation = relations.find(|fact| fact.is_about(name));
        found.extend(relation.and_then(unexpected));
        let there: BTreeSet<&str> = known.columns.iter().map(|c| c.name.as_str()).collect();
        for column in named(needs).filter(|column| !there.contains(column.as_str())) {
            found.push(refuse(format!("table {name} has no column {column}"), None));
        }
        let mut usable = facts.iter().filter(|fact| fact.kind == "usage");
        if usable.any(|fact| fact.first() == name.schema) {
            lacking(facts, needs, &there, role, &mut found);
        } else if closed.insert(name.schema.as_str()) {
            let schema = quoted(&name.schema);
            found.push(refuse(
                format!("the role may not use the schema {}", name.schema),
                Some(format!("GRANT USAGE ON SCHEMA {schema} TO {role};")),
            ));
        }
    }
    found
}

/// Every column that is needed for anything.
fn named(needs: &Needs) -> impl Iterator<Item = &String> {
    let written = [&needs.insert, &needs.update];
    let written = written.into_iter().flatten().flatten();
    let all: BTreeSet<&String> = needs.read.iter().chain(written).collect();
    all.into_iter()
}

/// The rights on columns that are `there`, and on the rows, that the role lacks.
fn lacking(
    facts: &[Fact],
    needs: &Needs,
    there: &BTreeSet<&str>,
    role: &str,
    found: &mut Vec<Finding>,
) {
    let (name, table) = (&needs.table, quoted_table(&needs.table));
    let new = "give values in new rows to";
    for (right, verb, columns) in [
        ("SELECT", "read", Some(&needs.read)),
        ("INSERT", new, needs.insert.as_ref()),
        ("UPDATE", "change", needs.update.as_ref()),
    ] {
        let had = granted(facts, name, right);
        let lacks = columns.into_iter().flatten();
        let lacks =
            lacks.filter(|column| there.contains(column.as_str()) && !had.contains(*column));
        let columns = list(lacks);
        if !columns.is_empty() {
            found.push(refuse(
                format!("the role may not {verb} {columns} of {name}"),
                Some(format!("GRANT {right} ({columns}) ON {table} TO {role};")),
            ));
        }
    }
    let deletes =
        |fact: &Fact| fact.kind == "write" && fact.last() == "DELETE" && fact.is_about(name);
    if needs.delete && !facts.iter().any(deletes) {
        found.push(refuse(
            format!("the role may not delete rows of {name}"),
            Some(format!("GRANT DELETE ON {table} TO {role};")),
        ));
    }
}

/// The columns of a table on which the role has a right.
fn granted(facts: &[Fact], name: &TableName, right: &str) -> BTreeSet<String> {
    let gives = |fact: &&Fact| match right {
        "SELECT" => fact.kind == "read",
        right => fact.kind == "write" && fact.last() == right,
    };
    let given = facts.iter().filter(gives);
    let given = given.filter(|fact| fact.is_about(name));
    given.flat_map(Fact::columns).collect()
}

/// What a declared table lets through that its reader may not expect.
fn unexpected(relation: &Fact) -> Option<Finding> {
    let name = relation.table();
    let table = quoted_table(&name);
    let [_, _, kind, flags, _] = &relation.about;
    let has = |flag: &str| flags.split(' ').any(|word| word == flag);
    match kind.as_str() {
        "v" if !has("invoker") => Some(warn(
            format!(
                "{name} is a view that reads with the rights of its owner: row security of the \
                 tables beneath it does not hold for callers"
            ),
            Some(format!("ALTER VIEW {table} SET (security_invoker = true);")),
        )),
        "m" => Some(warn(
            format!("{name} is a materialized view: row security does not hold in it"),
            None,
        )),
        "f" => Some(warn(
            format!("{name} is a foreign table: another server answers for it"),
            None,
        )),
        _ if has("policies") && !has("secured") => Some(warn(
            format!("{name} has policies, but its row security is off"),
            Some(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;")),
        )),
        _ => None,
    }
}
