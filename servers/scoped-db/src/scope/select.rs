//! Rows and counts of one table without SQL: names and values in, a statement over the virtual
//! schema out, which then passes the same translator as any other.

use std::sync::Arc;

use serde_json::Value;

use guard::call::Caller;
use guard::error::Denial;
use guard::label::Clearance;

use super::Permitted;
use super::Scope;
use super::Window;
use crate::schema::Schema;
use crate::schema::Table;
use crate::schema::View;
use crate::schema::ViewTable;

/// Which rows of one table, and what of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The table, as the caller calls it.
    pub table: String,
    /// The columns; all where none is named.
    pub columns: Vec<String>,
    /// What every row must meet.
    pub conditions: Vec<Condition>,
    /// The columns that order them.
    pub order: Vec<String>,
    /// Whether from the greatest down.
    pub descending: bool,
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what: one value, or for [`Operator::In`] any number.
    pub values: Vec<Value>,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operator {
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`: with one value.
    Compare(&'static str),
    /// `like`: with one pattern.
    Like,
    /// `in`: with some values.
    In,
    /// `is-null` or `not-null`: with none.
    Null(bool),
}

impl Operator {
    /// The words of the tools' schema.
    pub const WORDS: [&'static str; 10] = [
        "=", "!=", "<", "<=", ">", ">=", "like", "in", "is-null", "not-null",
    ];

    /// The operator of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "like" => Self::Like,
            "in" => Self::In,
            "is-null" => Self::Null(true),
            "not-null" => Self::Null(false),
            "!=" => Self::Compare("<>"),
            _ => {
                let comparisons = ["=", "<", "<=", ">", ">="];
                Self::Compare(comparisons.into_iter().find(|known| *known == word)?)
            }
        })
    }

    const fn takes(self, values: usize) -> bool {
        match self {
            Self::Compare(_) | Self::Like => values == 1,
            Self::In => values >= 1,
            Self::Null(_) => values == 0,
        }
    }
}

impl Scope {
    /// Leave to read rows of one table.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`] for a table that is not there for the caller, else as
    /// [`Scope::permit_query`].
    pub fn permit_rows(
        &self,
        caller: &Caller,
        selection: &Selection,
        window: Window,
    ) -> Result<Permitted, Denial> {
        let view = self.view(caller.clearance);
        let table = self.table(&view, &selection.table)?;
        let columns = if selection.columns.is_empty() {
            "*".to_owned()
        } else {
            names(table, &selection.columns, "columns")?
        };
        let mut text = Text::new(&columns, table);
        text.conditions(table, &selection.conditions)?;
        if !selection.order.is_empty() {
            let direction = if selection.descending { " DESC" } else { "" };
            let order = selection
                .order
                .iter()
                .map(|name| known(table, name, "order_by").map(|name| name + direction));
            text.sql.push_str(" ORDER BY ");
            text.sql
                .push_str(&order.collect::<Result<Vec<_>, _>>()?.join(", "));
        }
        self.permit_query(caller, &text.sql, &text.values, window)
    }

    /// Leave to count rows of one table, for each value of the columns `selection.columns`.
    ///
    /// # Errors
    ///
    /// As [`Scope::permit_rows`].
    pub fn permit_count(
        &self,
        caller: &Caller,
        selection: &Selection,
        window: Window,
    ) -> Result<Permitted, Denial> {
        let view = self.view(caller.clearance);
        let table = self.table(&view, &selection.table)?;
        if selection.columns.is_empty() {
            let mut text = Text::new("count(*) AS \"count\"", table);
            text.conditions(table, &selection.conditions)?;
            return self.permit_query(caller, &text.sql, &text.values, window);
        }
        let groups = names(table, &selection.columns, "group_by")?;
        let mut text = Text::new(&format!("{groups}, count(*) AS \"count\""), table);
        text.conditions(table, &selection.conditions)?;
        let order = selection.columns.len() + 1;
        text.sql.push_str(&format!(
            " GROUP BY {groups} ORDER BY {order} DESC, {groups}"
        ));
        self.permit_query(caller, &text.sql, &text.values, window)
    }

    /// Leave to count all rows of a table whose rows the caller may not see, where the operator
    /// declared that a count may be told; and the least number that it may tell.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`] for a table that has no such declaration for this caller.
    pub fn permit_blind_count(
        &self,
        caller: &Caller,
        table: &str,
    ) -> Result<(Permitted, u64), Denial> {
        let mut found = self
            .counted(caller)
            .filter(|known| known.name.table == table || known.name.to_string() == table);
        let known = found.next().ok_or(Denial::NotFound)?;
        if found.next().is_some() {
            return Err(Denial::NotFound);
        }
        let count = known.count.ok_or(Denial::NotFound)?;
        // this one table, as somebody sees it who may see it; the statement is ours
        let alone = Schema {
            tables: vec![Arc::clone(known)],
        };
        let labels = known.columns.iter().map(|column| column.label);
        let all = labels.fold(known.label, guard::label::Label::join);
        let view = View::of(&alone, Clearance::up_to(all));
        let only = view.tables().first().ok_or(Denial::NotFound)?;
        let text = Text::new("count(*) AS \"count\"", only);
        let understood = self.understand(&view, &text.sql)?;
        let mut permitted = self.permitted(caller, &understood, &[], Window::default())?;
        permitted.label = count.label;
        for (_, label) in &mut Arc::make_mut(&mut permitted.lineage).tables {
            *label = count.label;
        }
        Ok((permitted, count.min_group))
    }

    /// The tables of which this caller may know a count and nothing else.
    pub fn counted(&self, caller: &Caller) -> impl Iterator<Item = &Arc<Table>> {
        let clearance = caller.clearance;
        self.schema().tables.iter().filter(move |table| {
            let hidden = !table.label.flows_to(clearance);
            let told = |count: crate::schema::Count| count.label.flows_to(clearance);
            hidden && table.count.is_some_and(told)
        })
    }
}

/// A statement in the making.
struct Text {
    sql: String,
    values: Vec<Value>,
}

impl Text {
    fn new(columns: &str, table: &ViewTable) -> Self {
        let name = &table.table.name;
        let (schema, table) = (quoted(&name.schema), quoted(&name.table));
        Self {
            sql: format!("SELECT {columns} FROM {schema}.{table}"),
            values: Vec::new(),
        }
    }

    fn conditions(&mut self, table: &ViewTable, all: &[Condition]) -> Result<(), Denial> {
        for (at, condition) in all.iter().enumerate() {
            self.sql.push_str(if at == 0 { " WHERE " } else { " AND " });
            let column = known(table, &condition.column, "where")?;
            if !condition.operator.takes(condition.values.len()) {
                return Err(Denial::Malformed {
                    argument: "where",
                    expected: "`value` for a comparison, `values` for `in`, neither for null tests",
                });
            }
            let bound = condition.values.iter().map(|value| self.bind(value));
            let bound = bound.collect::<Vec<_>>().join(", ");
            self.sql.push_str(&match condition.operator {
                Operator::Compare(sign) => format!("{column} {sign} {bound}"),
                Operator::Like => format!("{column} LIKE {bound}"),
                Operator::In => format!("{column} IN ({bound})"),
                Operator::Null(true) => format!("{column} IS NULL"),
                Operator::Null(false) => format!("{column} IS NOT NULL"),
            });
        }
        Ok(())
    }

    fn bind(&mut self, value: &Value) -> String {
        self.values.push(value.clone());
        format!("${}", self.values.len())
    }
}

fn names(table: &ViewTable, all: &[String], argument: &'static str) -> Result<String, Denial> {
    let quoted = all.iter().map(|name| known(table, name, argument));
    Ok(quoted.collect::<Result<Vec<_>, _>>()?.join(", "))
}

/// The quoted name of a column that exists.
fn known(table: &ViewTable, name: &str, argument: &'static str) -> Result<String, Denial> {
    let found = table.column(name).map(|(column, _)| quoted(&column.name));
    found.ok_or(Denial::Malformed {
        argument,
        expected: "columns that describe_table shows",
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
