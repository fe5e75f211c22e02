//! The command line.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the one file that it is given, and asks where it lies itself"
)]

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::finding::Severity;
use crate::finding::plain;
use crate::host;
use crate::host::Entry;
use crate::host::How;
use crate::judge::Accepted;
use crate::judge::Part;
use crate::judge::judge;
use crate::ours::Suite;
use crate::ours::Unknown;

/// Tells what the servers of one MCP host allow as a whole.
#[derive(Debug, Parser)]
#[command(name = "compose-check", version, about, after_long_help = EXAMPLES)]
struct Arguments {
    /// The configuration of the host, with its `mcpServers` (or `servers`, `context_servers`).
    file: PathBuf,
    /// What a server is to be taken for, where that is not known or meant to be so:
    /// NAME=none, or NAME= and some of private, untrusted, egress.
    #[arg(long, value_name = "NAME=WHAT")]
    accept: Vec<Accepted>,
    /// Where the binaries of this suite lie [default: beside this one].
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  compose-check ~/.config/Claude/claude_desktop_config.json
      Judge what Claude Desktop starts.
  compose-check .vscode/mcp.json --accept github=untrusted,egress
      Say what a server is that is not of this suite; it is taken for the worst otherwise.

No server is started but those of this suite that lie beside this program, and those only to
describe themselves. Values of `env` and of arguments are never printed.

Exit codes:
  0   nothing, or notes only
  2   the arguments are wrong, or the file is not the configuration of a host
  10  warnings
  11  errors";

/// Runs with the arguments and the streams of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&arguments, &mut std::io::stdout()) {
        Ok(worst) => ExitCode::from(worst.map_or(0, Severity::exit_code)),
        Err(why) => {
            drop(writeln!(std::io::stderr(), "compose-check: {why}"));
            ExitCode::from(2)
        }
    }
}

/// Judges the file; gives back the worst that was found.
fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Option<Severity>, String> {
    let file = &arguments.file;
    let text = std::fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
    let entries = host::read(&text).map_err(|why| format!("{}: {why}", file.display()))?;
    if let Some(said) = arguments
        .accept
        .iter()
        .find(|said| !entries.iter().any(|e| e.name == said.name))
    {
        return Err(format!(
            "--accept: the host has no server {}",
            plain(&said.name)
        ));
    }
    let suite = suite(arguments)?;
    let disabled = |entry: &&Entry| entry.how == How::Disabled;
    let left_out: Vec<&str> = entries
        .iter()
        .filter(disabled)
        .map(|entry| entry.name.as_str())
        .collect();
    let judged = entries.iter().filter(|entry| !disabled(entry));
    let parts: Vec<Part> = judged.map(|entry| part(entry, &suite)).collect();
    let found = judge(&parts, &arguments.accept);
    let written = if arguments.json {
        let servers: Vec<_> = parts
            .iter()
            .map(|part| json!({"name": part.name, "described": part.described.as_ref().ok()}))
            .collect();
        let told = json!({"servers": servers, "disabled": left_out, "findings": found});
        writeln!(out, "{told:#}")
    } else {
        tell(&parts, &left_out, &found, out)
    };
    written.map_err(|why| format!("could not print: {why}"))?;
    Ok(found.iter().map(|finding| finding.severity).max())
}

fn tell(
    parts: &[Part],
    left_out: &[&str],
    found: &[crate::finding::Finding],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    for part in parts {
        let name = plain(&part.name);
        match &part.described {
            Ok(described) => {
                let egress = described.tools.iter().any(|tool| tool.open_world);
                let writes = described.tools.iter().any(|tool| tool.writes);
                let says = [
                    (described.private, "private data"),
                    (described.untrusted, "content of others"),
                    (egress, "a way out"),
                    (writes, "changes"),
                ];
                let says = says
                    .into_iter()
                    .filter(|(has, _)| *has)
                    .map(|(_, word)| word);
                writeln!(
                    out,
                    "{name}: {} for {}: {}",
                    described.server,
                    plain(&described.subject),
                    says.collect::<Vec<_>>().join(", "),
                )?;
            }
            Err(why) => writeln!(out, "{name}: unknown: {why}")?,
        }
    }
    for name in left_out {
        writeln!(out, "{}: disabled, not judged", plain(name))?;
    }
    writeln!(out)?;
    if found.is_empty() {
        writeln!(out, "nothing to say")?;
    }
    found
        .iter()
        .try_for_each(|finding| writeln!(out, "{finding}"))
}

fn part(entry: &Entry, suite: &Suite) -> Part {
    let (started, described) = match &entry.how {
        How::Started(started) => (Some(started.clone()), suite.describe(started)),
        How::Remote | How::Disabled | How::Unclear => (None, Err(Unknown::Foreign)),
    };
    Part {
        name: entry.name.clone(),
        started,
        described,
    }
}

fn suite(arguments: &Arguments) -> Result<Suite, String> {
    let dir = match &arguments.bin_dir {
        Some(dir) => dir.clone(),
        None => std::env::current_exe()
            .ok()
            .and_then(|own| own.parent().map(Path::to_owned))
            .ok_or("could not find where this program lies: give --bin-dir DIR")?,
    };
    let dir = dir
        .canonicalize()
        .map_err(|why| format!("{}: {why}", dir.display()))?;
    let base = arguments.file.parent().unwrap_or(Path::new("")).to_owned();
    let base = if base.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        base
    };
    Ok(Suite::new(dir, base))
}
