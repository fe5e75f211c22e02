//! Decides what may be asked of the database. Pure: no connection is touched here.
//!
//! # Invariants
//!
//! - A [`Query`] or [`Change`](crate::permit::Change) is made only here, from a statement that the
//!   translator printed or from names that the caller's [`View`] has.
//! - What is bound for the caller's subject and roles comes from the session, never from a request.
//! - What is kept between two requests depends on the clearance alone and holds no values.

mod change;
mod kept;
mod select;

use std::sync::Arc;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use guard::call::Caller;
use guard::error::Denial;
use guard::label::Clearance;
use guard::label::Label;
use guard::secret::Secret;

use crate::config::ContextConfig;
use crate::config::Limits;
use crate::permit::Context;
use crate::permit::Query;
use crate::permit::RowLimits;
use crate::schema::Schema;
use crate::schema::TableName;
use crate::schema::View;
use crate::schema::ViewTable;
use crate::spelling;
use crate::statement;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::Translated;
use kept::Kept;
use kept::Understood;

pub use change::Changed;
pub use change::Verb;
pub use change::Wanted;
pub use select::Condition;
pub use select::Operator;
pub use select::Selection;

/// What is decided about one database.
#[derive(Debug)]
pub struct Scope {
    schema: Schema,
    dialect: Dialect,
    limits: Limits,
    context: ContextConfig,
    mask_key: Secret,
    kept: Kept,
}

/// A statement that may be run, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Permitted {
    /// The leave.
    pub query: Query,
    /// The join of the labels of all that it touches.
    pub label: Label,
    /// Where that comes from, for the record.
    pub lineage: Arc<Lineage>,
    /// Whether it touches a table with rows that the caller may not know of: then nothing that
    /// the planner thinks may be told.
    pub hides_rows: bool,
}

/// What a statement touches, in names and without values.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lineage {
    /// `SCHEMA.TABLE` of each table, with the label of what is touched of it.
    pub tables: Vec<(String, Label)>,
    /// `TABLE.COLUMN` of each column.
    pub columns: Vec<String>,
    /// A hash of the statement without its literals: equal for statements of one shape.
    pub fingerprint: String,
}

/// Which rows of the outcome a caller wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// How many, within the limit; all that the limit allows where it is not said.
    pub rows: Option<u64>,
    /// After how many.
    pub skip: u64,
}

impl Scope {
    /// Decides over `schema`, with `mask_key` for the masks that need one.
    #[must_use]
    pub fn new(
        schema: Schema,
        dialect: Dialect,
        limits: Limits,
        context: ContextConfig,
        mask_key: Secret,
    ) -> Self {
        Self {
            schema,
            dialect,
            limits,
            context,
            mask_key,
            kept: Kept::default(),
        }
    }

    /// All that was declared.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What a statement may take.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What exists for `clearance`.
    #[must_use]
    pub fn view(&self, clearance: Clearance) -> Arc<View> {
        self.kept.view(clearance, &self.schema)
    }

    /// The table that a caller calls `TABLE` or `SCHEMA.TABLE`.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] for one that exists for others, [`Denial::NotFound`] for all else;
    /// both look the same.
    pub fn table<'v>(&self, view: &'v View, text: &str) -> Result<&'v ViewTable, Denial> {
        let found = text
            .split_once('.')
            .and_then(|(s, t)| view.find(Some(s), t));
        // as it was shown, where not every character of a name can be
        let spelled = |name: &TableName| spelling::shown(&name.to_string()) == text;
        let as_shown = || view.tables().iter().find(|t| spelled(&t.table.name));
        let found = found.or_else(|| view.find(None, text)).or_else(as_shown);
        if let Some(table) = found {
            return Ok(table);
        }
        let hidden = self.schema.tables.iter().any(|table| {
            let name = &table.name;
            name.table == text || name.to_string() == text || spelled(name)
        });
        Err(if hidden {
            Denial::NotCleared
        } else {
            Denial::NotFound
        })
    }

    /// Leave to run the statement `sql` with `parameters` for `$1`, `$2`, ...
    ///
    /// # Errors
    ///
    /// [`Denial::Statement`] with the place of what is not available or not known.
    pub fn permit_query(
        &self,
        caller: &Caller,
        sql: &str,
        parameters: &[Value],
        window: Window,
    ) -> Result<Permitted, Denial> {
        let understood = self.kept.understood(caller.clearance, sql, || {
            self.understand(&self.view(caller.clearance), sql)
        })?;
        self.permitted(caller, &understood, parameters, window)
    }

    /// What a statement is over `view`: the part that is the same for all who have that view.
    fn understand(&self, view: &View, sql: &str) -> Result<Understood, Denial> {
        let translated = statement::translate(sql, view, self.dialect, self.limits.bounds())?;
        let lineage = lineage(view, &translated);
        let labels = lineage.tables.iter().map(|(_, label)| *label);
        let touched = translated.touched.iter();
        let mut touched = touched.filter_map(|touched| view.tables().get(touched.table));
        Ok(Understood {
            label: labels.fold(Label::PUBLIC, Label::join),
            hides_rows: touched.any(|table| table.table.hides_rows()),
            lineage: Arc::new(lineage),
            inputs: translated.inputs,
            sql: translated.sql.into(),
        })
    }

    /// The leave for this caller and these values; decided anew for each request.
    fn permitted(
        &self,
        caller: &Caller,
        understood: &Understood,
        parameters: &[Value],
        window: Window,
    ) -> Result<Permitted, Denial> {
        let limits = self.window(window);
        Ok(Permitted {
            label: understood.label,
            query: Query {
                sql: Arc::clone(&understood.sql),
                values: self.values(caller, &understood.inputs, parameters)?,
                context: self.context(caller),
                limits: RowLimits {
                    // whether a statement costs too much would tell of hidden rows as well
                    cost: limits.cost.filter(|_| !understood.hides_rows),
                    ..limits
                },
                skip: window.skip,
            },
            lineage: Arc::clone(&understood.lineage),
            hides_rows: understood.hides_rows,
        })
    }

    /// What is bound to the placeholders of a statement.
    fn values(
        &self,
        caller: &Caller,
        inputs: &[Input],
        parameters: &[Value],
    ) -> Result<Vec<Value>, Denial> {
        let own = |input: &&Input| matches!(input, Input::Parameter(_));
        if inputs.iter().filter(own).count() != parameters.len() {
            return Err(Denial::Malformed {
                argument: "params",
                expected: "one value for each of $1, $2, ... in the statement",
            });
        }
        let bound = inputs.iter().map(|input| match input {
            Input::Parameter(at) => parameters.get(*at).cloned().unwrap_or_default(),
            Input::Subject => caller.principal.subject().into(),
            Input::Roles => match self.dialect {
                Dialect::Postgres => caller.roles.clone().into(),
                Dialect::Sqlite => Value::from(caller.roles.clone()).to_string().into(),
            },
            Input::MaskKey => self.mask_key.show_to(|key| Value::from(key)),
        });
        Ok(bound.collect())
    }

    fn context(&self, caller: &Caller) -> Context {
        let subject = self.context.subject.get_ref().clone();
        let roles = self.context.roles.get_ref().clone();
        Context {
            settings: vec![
                (subject, caller.principal.subject().to_owned()),
                (roles, caller.roles.join(",")),
            ],
        }
    }

    fn window(&self, window: Window) -> RowLimits {
        let limits = self.limits.rows();
        RowLimits {
            rows: window.rows.unwrap_or(USUAL_ROWS).min(limits.rows),
            ..limits
        }
    }
}

fn lineage(view: &View, translated: &Translated) -> Lineage {
    let mut lineage = Lineage {
        fingerprint: fingerprint(&translated.shape),
        ..Lineage::default()
    };
    for touched in &translated.touched {
        let Some(table) = view.tables().get(touched.table) else {
            continue;
        };
        let name = &table.table.name;
        let mut label = table.table.label;
        for at in &touched.columns {
            if let Some((column, shown)) = table.columns().nth(*at) {
                label = label.join(shown.label);
                lineage
                    .columns
                    .push(format!("{}.{}", name.table, column.name));
            }
        }
        lineage.tables.push((name.to_string(), label));
    }
    lineage
}

/// The first 16 hex digits of the SHA-256 of a statement's shape.
fn fingerprint(shape: &str) -> String {
    let digest = Sha256::digest(shape.as_bytes());
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Rows of a page that does not say how many it wants.
const USUAL_ROWS: u64 = 1000;

#[cfg(test)]
mod tests;
