//! Asks the catalog what the role may do, in one message.
//!
//! Each row is one fact: its kind, and up to five texts that say what it is about. The questions
//! are about the role that the session has; what they find is judged elsewhere.

use std::collections::BTreeSet;

use guard::error::Fault;
use tokio_postgres::SimpleQueryMessage;

use super::super::link::Link;
use super::super::trouble::failure;
use super::questions;
use crate::schema::TableName;

/// One thing that the role may do, or is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Fact {
    pub(super) kind: String,
    pub(super) about: [String; 5],
}

impl Fact {
    /// The first text.
    pub(super) fn first(&self) -> &str {
        let [first, ..] = &self.about;
        first
    }

    /// The table, for facts that are about one.
    pub(super) fn table(&self) -> TableName {
        let [schema, table, ..] = &self.about;
        TableName {
            schema: schema.clone(),
            table: table.clone(),
        }
    }

    /// Whether it is about this table.
    pub(super) fn is_about(&self, name: &TableName) -> bool {
        let [schema, table, ..] = &self.about;
        *schema == name.schema && *table == name.table
    }

    /// The columns, for facts that have some.
    pub(super) fn columns(&self) -> BTreeSet<String> {
        let [.., columns, _] = &self.about;
        serde_json::from_str(columns).unwrap_or_default()
    }

    /// The last text.
    pub(super) fn last(&self) -> &str {
        let [.., last] = &self.about;
        last
    }
}

/// All that the role may do beyond what everybody may do with the system's own schemas.
pub(super) async fn read(link: &Link) -> Result<Vec<Fact>, Fault> {
    let questions = questions::all(link.version);
    let told = link.client.simple_query(&questions).await;
    let told = told.map_err(|error| failure("read the rights of the role", &error))?;
    Ok(told.iter().filter_map(fact).collect())
}

fn fact(message: &SimpleQueryMessage) -> Option<Fact> {
    let SimpleQueryMessage::Row(row) = message else {
        return None;
    };
    let column = |at: usize| {
        let text = (at < row.len()).then(|| row.try_get(at).ok().flatten());
        text.flatten().unwrap_or_default().to_owned()
    };
    Some(Fact {
        kind: column(0),
        about: [column(1), column(2), column(3), column(4), column(5)],
    })
}
