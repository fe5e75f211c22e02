//! What a server would serve, for whoever judges a composition of several before it runs.
//!
//! # Invariants
//!
//! - Nothing is served and nothing recorded; nothing that the server reaches is told, but names
//!   that the operator wrote.

use std::borrow::Cow;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use crate::label::Clearance;
use crate::label::Label;
use crate::label::Taxonomy;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::sandbox::Enforced;
use crate::server::Server;

/// What one server would serve to its one principal, as `--describe` prints it in JSON.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Description {
    /// [`Description::FORMAT`].
    pub format: Cow<'static, str>,
    /// The name of the server.
    pub server: String,
    /// Its version.
    pub version: String,
    /// Whom it would serve.
    pub subject: String,
    /// The roles of that subject now.
    pub roles: Vec<String>,
    /// Until when they have at least what they have now; without, there is no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Grants of the policy that ended, each with its place in the file and its end.
    pub ended: Vec<String>,
    /// The most sensitive labels of what is opened.
    pub opened: Vec<String>,
    /// The most sensitive labels that the subject may see.
    pub cleared: Vec<String>,
    /// Whether the subject may see anything of it that is not public.
    pub private: bool,
    /// Whether content of others than the operator is served.
    pub untrusted: bool,
    /// The tools that the subject is offered.
    pub tools: Vec<DescribedTool>,
    /// Where the records go.
    pub audit: PathBuf,
    /// What confines the process, in one line; `none` if nothing does.
    pub sandbox: String,
}

/// One tool of a [`Description`].
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct DescribedTool {
    /// Its name.
    pub name: String,
    /// Whether it changes anything.
    pub writes: bool,
    /// Whether it reaches beyond this machine.
    pub open_world: bool,
}

impl Description {
    /// The format, and its version. The text stands in every binary that can describe itself, so
    /// that it is known before the binary is run.
    pub const FORMAT: &'static str = "keyhole-server-description/1";

    /// What `server` would serve to `principal` under `policy` at `now`.
    pub(super) fn new<S: Server>(
        server: &S,
        policy: &Policy,
        principal: &Principal,
        now: DateTime<Utc>,
        audit: PathBuf,
        enforced: &Enforced,
    ) -> Self {
        let known = policy.taxonomy();
        let caller = policy.decide(principal, now);
        let opened = server.opened();
        let tools = server.tools().iter();
        let offered =
            tools.filter(|tool| caller.may(tool.permission) && server.offers(&caller, tool));
        let above = |clearance: Clearance| clearance.ceilings().any(|label| label != Label::PUBLIC);
        Self {
            format: Cow::Borrowed(Self::FORMAT),
            server: S::NAME.to_owned(),
            version: S::VERSION.to_owned(),
            subject: principal.to_string(),
            until: caller.until,
            ended: policy.ended(principal, now),
            opened: words(known, opened),
            cleared: words(known, caller.clearance),
            private: above(opened) && above(caller.clearance),
            untrusted: server.is_untrusted(),
            tools: offered
                .map(|tool| DescribedTool {
                    name: tool.name.to_owned(),
                    writes: tool.writes,
                    open_world: tool.open_world,
                })
                .collect(),
            roles: caller.roles,
            audit,
            sandbox: enforced.to_string(),
        }
    }
}

fn words(known: &Taxonomy, clearance: Clearance) -> Vec<String> {
    clearance
        .ceilings()
        .map(|label| known.text(label))
        .collect()
}
