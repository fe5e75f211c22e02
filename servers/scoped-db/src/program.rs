//! The server as a program: its arguments, its commands, how it is opened.

mod ask;
mod check;
mod draft;
mod open;
mod place;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use guard::broker;
use guard::config::Common;
use guard::program::Program;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;
use guard::secret::SecretRef;

use crate::ScopedDb;
use crate::config::Config;
use crate::effects::postgres::charter::Anywhere;

/// `scoped-db`, as it is started.
#[derive(Debug)]
pub struct ScopedDbProgram;

/// What `scoped-db` is started with, beside what all servers are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// A PostgreSQL server, as `postgres://USER@HOST/DATABASE`, without a password in it.
    #[arg(long, value_name = "URL")]
    connection: Option<String>,
    /// A SQLite file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "connection")]
    sqlite: Option<PathBuf>,
    /// Where the password is kept, for example `env:CRM_PASSWORD` [default: `env:PGPASSWORD`,
    /// where that is set].
    #[arg(long, value_name = "REFERENCE")]
    password: Option<String>,
    /// How sensitive the tables are, where no configuration says it [default: internal].
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Serve although the role may do more than the configuration says. Then one wall is left.
    #[arg(long)]
    dangerous_allow_excess_privileges: bool,
}

/// What `scoped-db` does for people.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Connect, show what would be served to whom, and what the role may do beyond that.
    Check {
        /// Where the database is.
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Print the SQL that makes a role for the configuration, with no right beyond it.
    GrantSql {
        /// The name of the role [default: the user of the configured connection].
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// The name of the database.
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
    },
    /// Draft a configuration from what the database has, with guesses to be reviewed.
    Init {
        /// Where the database is.
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Run one statement as `--subject` would, through the same gate, and record it.
    Query {
        /// The statement.
        sql: String,
        /// The values of $1, $2, ..., in order.
        #[arg(long = "param", value_name = "VALUE")]
        params: Vec<String>,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
        /// Where the database is.
        #[command(flatten)]
        arguments: Arguments,
    },
}

impl Program for ScopedDbProgram {
    type Server = ScopedDb;
    type Arguments = Arguments;
    type Command = Command;
    type Config = Config;

    const ABOUT: &'static str =
        "Answers questions about named tables and columns of one database, and nothing else";
    const EXAMPLES: &'static str = "\
Examples:
  scoped-db --connection postgres://readonly@localhost/crm
      Serve what that role was given, column by column, labelled `internal`.
  scoped-db --config scoped-db.toml
      Named tables and columns, labels, masks, row filters.
  scoped-db init --connection postgres://me@localhost/crm > scoped-db.toml
      Draft that file from the database; then read it.
  scoped-db grant-sql --config scoped-db.toml | psql crm
      Make the role that may do this and nothing more.
  scoped-db check --config scoped-db.toml
      See what would be served, and whether the role may do more.
  scoped-db query 'select count(*) from customers' --config scoped-db.toml --subject ada
      Ask as ada would; recorded like all else.
  scoped-db explain ada customers.email --config scoped-db.toml --policy policy.toml
      See why ada may or may not read one column.

Every statement is read, checked against the tables that exist for the caller, and written anew;
nothing of its text reaches the database but names, numbers and quoted strings. A role that may do
more than the configuration says is refused at the start. DB_READ_ONLY=true in the environment
keeps all tools that write away, whatever the configuration opens.

Exit codes:
  0  the session ended: end of input, a signal, or the last grant's end
  1  the connection to the client or the audit failed
  2  the arguments or the configuration are wrong; the message says where
  3  a step of the start failed: the database, its role, the audit directory, a secret";

    const BROKER: Option<fn(&[OsString]) -> ExitCode> = Some(broker::run::<Anywhere>);

    fn common(config: &Config) -> &Common {
        &config.guard
    }

    fn secrets(config: &Config) -> Vec<SecretRef> {
        let all = [&config.database.password, &config.masks.key];
        all.into_iter().flatten().cloned().collect()
    }

    fn open(start: &Start<'_, Self>) -> Result<ScopedDb, StartError> {
        open::serve(start, start.arguments)
    }

    fn profile(_start: &Start<'_, Self>, server: &ScopedDb) -> Profile {
        server.profile().clone()
    }

    fn command(
        command: Command,
        start: &Start<'_, Self>,
        out: &mut dyn Write,
    ) -> Result<(), StartError> {
        match command {
            Command::Check { arguments } => check::check(start, &arguments, out),
            Command::GrantSql { role, database } => {
                check::grant_sql(start, role.as_deref(), database.as_deref(), out)
            }
            Command::Init { arguments } => draft::draft(start, &arguments, out),
            Command::Query {
                sql,
                params,
                json,
                arguments,
            } => ask::query(start, &arguments, &sql, &params, json, out),
        }
    }
}

/// Writes a line for people; whoever reads only the first lines does nothing wrong.
fn say(out: &mut dyn Write, text: &str) -> Result<(), StartError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|cause| StartError::step("write to standard output", cause)),
    }
}
