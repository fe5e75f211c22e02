//! The commands for people that every server has.

use std::io::Write;

use chrono::DateTime;
use chrono::Utc;

use super::Program;
use super::Start;
use super::StartError;
use super::doctor;
use super::start::instant;
use crate::label::Label;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::secret::SecretCommand;
use crate::server::Server;

/// Commands that work without a client.
#[derive(Debug, clap::Subcommand)]
pub(super) enum CommonCommand {
    /// Say whether SUBJECT may read RESOURCE, and which rules decide it.
    Explain {
        /// Who would ask.
        subject: String,
        /// For what, as a client would write it.
        resource: String,
        /// At which instant [default: now].
        #[arg(long, value_name = "RFC3339")]
        at: Option<DateTime<Utc>>,
    },
    /// Say what the kernel would enforce here, and what is wrong with the files and the trail.
    ///
    /// Ends with 10 if something must be mended.
    Doctor {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check, store or delete the secrets that the configuration refers to.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Print the completions of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, as roff.
    Man,
}

impl CommonCommand {
    /// Runs what needs no configuration; false if this does.
    pub(super) fn without_configuration(
        &self,
        command: &mut clap::Command,
        out: &mut dyn Write,
    ) -> Result<bool, StartError> {
        match self {
            Self::Completions { shell } => {
                let name = command.get_name().to_owned();
                let mut text = Vec::new();
                clap_complete::generate(*shell, command, name, &mut text);
                print(out, &text)?;
            }
            Self::Man => {
                let mut text = Vec::new();
                clap_mangen::Man::new(command.clone())
                    .render(&mut text)
                    .map_err(|cause| StartError::step("write the manual page", cause))?;
                print(out, &text)?;
            }
            Self::Doctor { .. } | Self::Explain { .. } | Self::Secret(_) => return Ok(false),
        }
        Ok(true)
    }

    /// Runs what does.
    pub(super) fn run<P: Program>(
        self,
        start: &Start<'_, P>,
        out: &mut dyn Write,
    ) -> Result<(), StartError> {
        match self {
            Self::Secret(command) => {
                let mut references = P::secrets(start.config);
                references.extend(P::common(start.config).audit.secrets());
                command
                    .run(&references, &start.secrets(), out)
                    .map_err(|cause| StartError::step("secret", cause))
            }
            Self::Doctor { json } => doctor::doctor(start, json, out),
            Self::Explain {
                subject,
                resource,
                at,
            } => {
                let server = P::open(start)?;
                let at = at.unwrap_or_else(instant);
                let text = explain(&server, start.policy, &subject, &resource, at)?;
                print(out, text.as_bytes())
            }
            Self::Completions { .. } | Self::Man => Ok(()),
        }
    }
}

/// The decision for `subject` on `resource`, with the rules behind it.
fn explain<S: Server>(
    server: &S,
    policy: Option<&Policy>,
    subject: &str,
    resource: &str,
    at: DateTime<Utc>,
) -> Result<String, StartError> {
    use std::fmt::Write;

    let principal = Principal::new(Principal::LOCAL, subject)
        .map_err(|error| StartError::Arguments(error.to_string()))?;
    let local = Policy::local(server.opened()).permitting(server.local_permissions());
    let policy = policy.unwrap_or(&local);
    let caller = policy.decide(&principal, at);
    let taxonomy = policy.taxonomy();
    let words = |labels: &mut dyn Iterator<Item = Label>| {
        labels
            .map(|label| taxonomy.text(label))
            .collect::<Vec<_>>()
            .join(" or ")
    };
    let list = |items: &[String]| {
        if items.is_empty() {
            "none".to_owned()
        } else {
            items.join(", ")
        }
    };
    let permissions: Vec<String> = caller.permissions.iter().cloned().collect();
    let mut text = String::new();
    let found = server.label_of(resource);
    let verdict = match &found {
        None => "denied: nothing served has this name",
        Some(_) if caller.roles.is_empty() => "denied: no role or grant of the subject is in force",
        Some((label, _)) if caller.may_see(*label) => "allowed",
        Some(_) => "denied: the label is above the clearance",
    };
    let label = found
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), |(l, _)| taxonomy.text(*l));
    let rule = found.map_or_else(|| "none".to_owned(), |(_, rule)| rule);
    // writing to a String cannot fail
    let _written = write!(
        text,
        "{verdict}\n  at           {}\n  subject      {principal}\n  roles        {}\n  grants       {}\n  permissions  {}\n  clearance    {}\n  label        {label}\n  label rule   {rule}\n  policy       {}\n",
        at.to_rfc3339(),
        list(&caller.roles),
        list(&caller.grants),
        list(&permissions),
        words(&mut caller.clearance.ceilings()),
        policy.hash(),
    );
    Ok(text)
}

pub(super) fn print(out: &mut dyn Write, text: &[u8]) -> Result<(), StartError> {
    match out.write_all(text).and_then(|()| out.flush()) {
        // whoever reads only the first lines does nothing wrong
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|cause| StartError::step("write to standard output", cause)),
    }
}
