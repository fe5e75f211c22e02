//! Which columns of which tables a statement touches.
//!
//! # Invariants
//!
//! - Too much rather than too little: a name without a table touches the columns of that name in
//!   every table of the statement, wherever in it the two stand.

use crate::schema::View;
use crate::statement::Dialect;
use crate::statement::Touched;
use crate::statement::name::same;

/// What was seen of tables and names.
#[derive(Debug, Default)]
pub(super) struct Touch {
    /// Each table in FROM: its place, and what the statement calls it.
    uses: Vec<(usize, String)>,
    /// Each name: what is before the dot, and what is after it.
    mentions: Vec<(Option<String>, String)>,
    /// Tables of which everything was named.
    whole: Vec<usize>,
}

impl Touch {
    /// A table in FROM.
    pub(super) fn table(&mut self, table: usize, called: &str) {
        self.uses.push((table, called.to_owned()));
    }

    /// A name in any clause.
    pub(super) fn name(&mut self, relation: Option<&str>, name: &str) {
        let mention = (relation.map(str::to_owned), name.to_owned());
        if !self.mentions.contains(&mention) {
            self.mentions.push(mention);
        }
    }

    /// All columns of a table.
    pub(super) fn all(&mut self, table: usize) {
        self.whole.push(table);
    }

    /// The outcome, each table once.
    pub(super) fn columns(&self, view: &View, dialect: Dialect) -> Vec<Touched> {
        let mut touched: Vec<Touched> = Vec::new();
        for (table, called) in &self.uses {
            let Some(known) = view.tables().get(*table) else {
                continue;
            };
            let all = self.whole.contains(table)
                || self
                    .mentions
                    .iter()
                    .any(|(relation, name)| relation.is_none() && same(name, called, dialect));
            let named = known.columns().enumerate().filter(|(_, (column, _))| {
                all || self.mentions.iter().any(|(relation, name)| {
                    let here = relation.as_deref();
                    here.is_none_or(|relation| same(relation, called, dialect))
                        && same(name, &column.name, dialect)
                })
            });
            let columns: Vec<usize> = named.map(|(place, _)| place).collect();
            match touched.iter_mut().find(|other| other.table == *table) {
                Some(other) => {
                    other.columns.extend(columns);
                    other.columns.sort_unstable();
                    other.columns.dedup();
                }
                None => touched.push(Touched {
                    table: *table,
                    columns,
                }),
            }
        }
        touched.sort_by_key(|one| one.table);
        touched
    }
}
