//! The parameters by which a tool says which records it is about.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;

use guard::error::Denial;

use crate::query::Query;
use crate::query::Where;

/// Which records; all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    since: Option<String>,
    until: Option<String>,
    principal: Option<String>,
    resource: Option<String>,
    tool: Option<String>,
    server: Option<String>,
    session: Option<String>,
    kind: Option<String>,
    outcome: Option<String>,
    label: Option<String>,
    error: Option<String>,
    #[serde(default)]
    intents: bool,
}

impl Asked {
    /// As a question to the trail, about what was recorded before `now`: an answer that
    /// waits for its own record would never be whole.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] for a time that is none.
    pub(super) fn query(&self, now: DateTime<Utc>) -> Result<Query, Denial> {
        let until = instant("until", self.until.as_deref())?;
        let wanted = [
            (Where::Principal, &self.principal),
            (Where::Resource, &self.resource),
            (Where::Tool, &self.tool),
            (Where::Server, &self.server),
            (Where::Session, &self.session),
            (Where::Kind, &self.kind),
            (Where::Outcome, &self.outcome),
            (Where::Label, &self.label),
            (Where::Error, &self.error),
        ];
        Ok(Query {
            since: instant("since", self.since.as_deref())?,
            until: Some(until.map_or(now, |until| until.min(now))),
            wanted: Query::wanted(wanted),
            intents: self.intents,
        })
    }
}

fn instant(argument: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Denial> {
    let read = |text: &str| {
        text.parse().map_err(|_| Denial::Malformed {
            argument,
            expected: "a time as RFC 3339 writes it",
        })
    };
    text.map(read).transpose()
}
