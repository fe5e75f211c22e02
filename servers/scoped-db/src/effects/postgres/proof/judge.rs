//! Compares what the role may do with what it needs. Pure: facts in, findings out.
//!
//! # Invariants
//!
//! - A right that is not needed is a finding, whatever gave it: the role, or everybody.
//! - A kind of fact that is not known here is a finding as well.

use std::collections::BTreeMap;

use super::Finding;
use super::facts::Fact;
use super::missing;
use super::refuse;
use super::warn;
use crate::effects::catalog::Catalog;
use crate::grant::Needs;
use crate::grant::list;
use crate::grant::quoted;
use crate::grant::quoted_table;
use crate::schema::Schema;
use crate::schema::TableName;

/// The findings, the worst first.
pub(super) fn findings(facts: &[Fact], catalog: &Catalog, schema: &Schema) -> Vec<Finding> {
    let judge = Judge::new(facts, schema);
    let mut found = missing::findings(facts, catalog, judge.needs.values(), &judge.role);
    // Whoever may do everything may do each thing: a list of all of it would hide the point.
    let all = facts
        .iter()
        .any(|f| f.kind == "attribute" && f.first() == "SUPERUSER");
    for fact in facts {
        if !all || matches!(fact.kind.as_str(), "attribute" | "role") {
            found.extend(judge.excess(fact));
        }
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

struct Judge {
    role: String,
    needs: BTreeMap<TableName, Needs>,
}

impl Judge {
    fn new(facts: &[Fact], schema: &Schema) -> Self {
        let role = facts.iter().find(|fact| fact.kind == "role");
        let role = role.map_or("", Fact::first);
        let needs = schema.tables.iter().map(|table| Needs::of(table));
        Self {
            role: quoted(role),
            needs: needs.map(|needs| (needs.table.clone(), needs)).collect(),
        }
    }

    /// What a fact says beyond what is needed.
    fn excess(&self, fact: &Fact) -> Option<Finding> {
        let [a, b, c, d, _] = &fact.about;
        let role = &self.role;
        Some(match fact.kind.as_str() {
            "usage" | "relation" => return None,
            "role" if a == b => return None,
            "role" => refuse(
                format!("the role {b} works as another role, {a}, and could become itself again"),
                Some(format!("ALTER ROLE {} RESET role;", quoted(b))),
            ),
            "attribute" if a == "SUPERUSER" => refuse(
                "the role is a superuser: no right and no row security holds it. Let the server \
                 connect as a role of its own, which `scoped-db grant-sql` writes"
                    .to_owned(),
                None,
            ),
            "attribute" => refuse(
                format!("the role has {a}"),
                Some(format!("ALTER ROLE {role} NO{a};")),
            ),
            "member" => refuse(
                format!("the role is a member of {a}, and may do what that one may"),
                Some(format!("REVOKE {} FROM {role};", quoted(a))),
            ),
            "owner" => refuse(
                format!("the role owns the {a}, and may do anything to it"),
                Some(format!("REASSIGN OWNED BY {role} TO another_role;")),
            ),
            "read" => return self.read(fact),
            "write" => return self.write(fact),
            "sequence" => return self.sequence(fact),
            "large-objects" => refuse(
                format!("the role may read or write large objects ({a})"),
                Some(format!(
                    "REVOKE ALL ON LARGE OBJECT number FROM {role}, PUBLIC;"
                )),
            ),
            "system" => refuse(
                format!("the role has {b} on {a}, which is not for everybody"),
                Some(format!("REVOKE {b} ON {a} FROM {role};")),
            ),
            "create" => {
                let (name, from) = (quoted(b), from(role, c));
                refuse(
                    format!("the role has {d} on the {} {b}", a.to_lowercase()),
                    Some(format!("REVOKE {d} ON {a} {name} FROM {from};")),
                )
            }
            "definer" => {
                let what = format!("the role may run {a}, which has the rights of its owner");
                let fix = format!("REVOKE EXECUTE ON FUNCTION {a} FROM {};", from(role, b));
                // A policy that calls it needs it to be so.
                if c == "policy" {
                    warn(format!("{what}; a policy calls it"), None)
                } else {
                    refuse(what, Some(fix))
                }
            }
            "functions" => warn(
                format!("the role may run functions of the schema {a} ({b} of them)"),
                Some(format!(
                    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {} FROM {role}, PUBLIC;",
                    quoted(a)
                )),
            ),
            "power" => refuse(
                format!("the role may run {a}, which reaches beyond the database"),
                Some(format!(
                    "REVOKE EXECUTE ON FUNCTION {a} FROM {role}, PUBLIC;"
                )),
            ),
            "set_config" => warn(
                "the role may run set_config: the server itself never does, but a function that \
                 builds statements could set what row-level security trusts"
                    .to_owned(),
                Some(
                    "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) \
                     FROM PUBLIC;"
                        .to_owned(),
                ),
            ),
            "foreign" => refuse(
                format!("the role may use the foreign {} {b}", a.to_lowercase()),
                Some(format!(
                    "REVOKE USAGE ON FOREIGN {a} {} FROM {role}, PUBLIC;",
                    quoted(b)
                )),
            ),
            "language" => warn(
                format!("the role may run code in the language {a}"),
                Some(format!(
                    "REVOKE USAGE ON LANGUAGE {} FROM {role}, PUBLIC;",
                    quoted(a)
                )),
            ),
            "default" => {
                let place = match b.as_str() {
                    "" => String::new(),
                    schema => format!(" IN SCHEMA {}", quoted(schema)),
                };
                let [.., kind] = &fact.about;
                let kind = match kind.as_str() {
                    "r" => "TABLES",
                    "S" => "SEQUENCES",
                    _ => "SCHEMAS",
                };
                warn(
                    format!(
                        "the role will have {c} on new {} of {a}",
                        kind.to_lowercase()
                    ),
                    Some(format!(
                        "ALTER DEFAULT PRIVILEGES FOR ROLE {}{place} REVOKE {c} ON {kind} FROM {};",
                        quoted(a),
                        from(role, d)
                    )),
                )
            }
            "parameter" => refuse(
                format!("the role has {b} on the setting {a}, which is a superuser's"),
                Some(format!("REVOKE {b} ON PARAMETER {a} FROM {role}, PUBLIC;")),
            ),
            other => refuse(
                format!("the role has a right that is not known here: {other}"),
                None,
            ),
        })
    }

    fn read(&self, fact: &Fact) -> Option<Finding> {
        let name = fact.table();
        let [_, _, public, ..] = &fact.about;
        let (table, from) = (quoted_table(&name), from(&self.role, public));
        let columns = fact.columns();
        let Some(needs) = self.needs.get(&name) else {
            let what = format!("the role may read {name}, which is not declared");
            let fix = format!("REVOKE SELECT ON {table} FROM {from};");
            return Some(refuse(what, Some(fix)));
        };
        let more: Vec<&String> = columns.difference(&needs.read).collect();
        if more.is_empty() {
            return None;
        }
        // Whatever gave it, of columns or of the table, goes; then what is needed comes back.
        let fix = format!(
            "REVOKE SELECT ON {table} FROM {from};\nGRANT SELECT ({}) ON {table} TO {};",
            list(&needs.read),
            self.role
        );
        let what = format!(
            "the role may read columns of {name} that are not declared: {}",
            list(more)
        );
        Some(refuse(what, Some(fix)))
    }

    fn write(&self, fact: &Fact) -> Option<Finding> {
        let (name, right) = (fact.table(), fact.last());
        let [_, _, public, ..] = &fact.about;
        let needs = self.needs.get(&name);
        let needed = match right {
            "INSERT" => needs.and_then(|needs| needs.insert.as_ref()),
            "UPDATE" => needs.and_then(|needs| needs.update.as_ref()),
            "DELETE" if needs.is_some_and(|needs| needs.delete) => return None,
            _ => None,
        };
        let columns = fact.columns();
        let more: Vec<&String> = columns
            .iter()
            .filter(|column| needed.is_none_or(|needed| !needed.contains(*column)))
            .collect();
        if needed.is_some() && more.is_empty() {
            return None;
        }
        let (table, from) = (quoted_table(&name), from(&self.role, public));
        let mut fix = format!("REVOKE {right} ON {table} FROM {from};");
        let what = match needed.filter(|needed| !needed.is_empty()) {
            Some(needed) => {
                let (needed, role) = (list(needed), &self.role);
                fix.push_str(&format!("\nGRANT {right} ({needed}) ON {table} TO {role};"));
                format!(
                    "the role has {right} on more columns of {name}: {}",
                    list(more)
                )
            }
            None => format!("the role has {right} on {name}"),
        };
        Some(refuse(what, Some(fix)))
    }

    /// A sequence is needed for new rows of the table that it counts for, and for nothing else.
    fn sequence(&self, fact: &Fact) -> Option<Finding> {
        let [schema, name, owner, rights, _] = &fact.about;
        let sequence = quoted_table(&fact.table());
        let inserts = self.needs.values().any(|needs| {
            let table = &needs.table;
            needs.insert.is_some() && *owner == format!("{} {}", table.schema, table.table)
        });
        let rights: Vec<&str> = rights
            .split(' ')
            .filter(|right| !right.is_empty())
            .collect();
        let more: Vec<&str> = rights
            .iter()
            .copied()
            .filter(|r| !inserts || *r != "USAGE")
            .collect();
        if !more.is_empty() {
            let more = more.join(", ");
            return Some(refuse(
                format!("the role has {more} on the sequence {schema}.{name}"),
                Some(format!(
                    "REVOKE {more} ON SEQUENCE {sequence} FROM {}, PUBLIC;",
                    self.role
                )),
            ));
        }
        (inserts && rights.is_empty()).then(|| {
            warn(
                format!(
                    "new rows may need the sequence {schema}.{name}, which the role may not use"
                ),
                Some(format!(
                    "GRANT USAGE ON SEQUENCE {sequence} TO {};",
                    self.role
                )),
            )
        })
    }
}

/// Whom a right must be taken from.
fn from(role: &str, public: &str) -> String {
    match public {
        "" => role.to_owned(),
        _ => format!("{role}, PUBLIC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: &str, about: [&str; 5]) -> Fact {
        Fact {
            kind: kind.to_owned(),
            about: about.map(str::to_owned),
        }
    }

    fn told(facts: &[Fact]) -> Vec<Finding> {
        let mut all = vec![fact("role", ["r", "r", "", "", ""])];
        all.extend_from_slice(facts);
        findings(&all, &Catalog::default(), &Schema::default())
    }

    #[test]
    fn a_right_of_a_kind_that_is_not_known_here_is_refused() {
        let found = told(&[fact("teleport", ["", "", "", "", ""])]);
        assert_eq!(found[0].severity, super::super::Severity::Refuse);
    }

    #[test]
    fn what_everybody_has_is_taken_from_everybody() {
        let read = fact("read", ["crm", "pay", "public", "[\"a\"]", ""]);
        let fix = told(&[read])[0].fix.clone().unwrap();
        assert_eq!(fix, "REVOKE SELECT ON \"crm\".\"pay\" FROM \"r\", PUBLIC;");
    }

    #[test]
    fn of_a_superuser_only_that_is_told() {
        let facts = [
            fact("attribute", ["SUPERUSER", "", "", "", ""]),
            fact("read", ["crm", "pay", "", "[\"a\"]", ""]),
        ];
        assert_eq!(told(&facts).len(), 1);
    }

    #[test]
    fn a_role_that_works_as_another_is_refused() {
        let found = findings(
            &[fact("role", ["other", "r", "", "", ""])],
            &Catalog::default(),
            &Schema::default(),
        );
        assert!(found[0].what.contains("could become itself again"));
    }
}
