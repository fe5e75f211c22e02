//! The arguments by which commands say which records they are about.

use chrono::DateTime;
use chrono::Utc;

use crate::query::Query;
use crate::query::Where;

/// Which records; all conditions must hold. `*` stands for any text.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Which records")]
pub struct Asked {
    /// Not before this instant.
    #[arg(long, value_name = "RFC3339")]
    since: Option<DateTime<Utc>>,
    /// Before this instant.
    #[arg(long, value_name = "RFC3339")]
    until: Option<DateTime<Utc>>,
    /// Who asked.
    #[arg(long, value_name = "WHO")]
    principal: Option<String>,
    /// For what: a resource, a table, a request to an API.
    #[arg(long, value_name = "WHAT")]
    resource: Option<String>,
    /// By which tool.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Of which server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// In which session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Which kind of record: request, auth, session, admin, detect or log.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// How it ended: allowed, denied, error, cancelled or unknown.
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// The level of what was accessed, or one of its categories.
    #[arg(long, value_name = "WORD")]
    label: Option<String>,
    /// The code of a refusal or failure.
    #[arg(long, value_name = "CODE")]
    error: Option<String>,
    /// The records that announce an effect, too.
    #[arg(long)]
    intents: bool,
}

impl Asked {
    /// As a question to the trail.
    pub(super) fn query(&self) -> Query {
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
        Query {
            since: self.since,
            until: self.until,
            wanted: Query::wanted(wanted),
            intents: self.intents,
        }
    }
}
