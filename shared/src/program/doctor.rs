//! Tells an operator what stands between a server and the rest of the machine, and what does not.
//!
//! # Invariants
//!
//! - Nothing is changed and nothing recorded.
//! - What is secret is looked at from outside only: its mode, never its bytes.

use std::cell::OnceCell;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;
use serde::Serialize;

use super::Program;
use super::Start;
use super::StartError;
use super::commands;
use crate::audit;
use crate::audit::Trouble;
use crate::audit::Trust;
use crate::audit::Verdict;
use crate::sandbox;
use crate::sandbox::Mode;
use crate::sandbox::Profile;

/// What is printed for programs.
#[derive(Debug, Serialize)]
struct Examined<'a> {
    /// What was looked at.
    findings: &'a [Finding],
    /// What the server needs of the kernel, if it opens: all else would be refused.
    profile: Option<&'a Profile>,
    /// What its second process needs, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<&'a Profile>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Finding {
    /// What.
    what: String,
    /// How it is.
    state: State,
    /// In words; where something is wrong, also what to change.
    said: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Good,
    Weak,
    Bad,
}

/// Looks at everything and prints it.
pub(super) fn doctor<P: Program>(
    start: &Start<'_, P>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let mut findings: Vec<Finding> = sandbox::kernel_facts()
        .into_iter()
        .map(|(what, said)| finding(what, State::Good, said))
        .collect();
    let profile = P::open(start).and_then(|server| start.whole_profile(&server));
    let mode = start.sandbox_mode();
    findings.push(match &profile {
        Err(error) => finding("start", State::Bad, error.to_string()),
        Ok(profile) => confinement("sandbox", profile, mode),
    });
    let second = start.second.as_ref().and_then(OnceCell::get);
    findings.extend(second.map(|second| confinement("second process", second, mode)));
    findings.extend(descriptors(start.stray));
    for file in start.steering() {
        findings.push(file_of_ours(&file));
    }
    findings.extend(trail(start));
    let text = if json {
        let examined = Examined {
            findings: &findings,
            profile: profile.as_ref().ok(),
            second,
        };
        let text = serde_json::to_string_pretty(&examined)
            .map_err(|cause| StartError::step("write the findings", cause))?;
        format!("{text}\n")
    } else {
        for_people(&findings, colours())
    };
    commands::print(out, text.as_bytes())?;
    let bad = findings.iter().filter(|found| found.state == State::Bad);
    match bad.count() {
        0 => Ok(()),
        count => Err(StartError::Found {
            code: 10,
            said: format!("{count} of these must be mended"),
        }),
    }
}

/// What the kernel would enforce of a process that needs `profile`.
fn confinement(what: &str, profile: &Profile, mode: Mode) -> Finding {
    let enforced = sandbox::foresee(profile, mode);
    let state = match mode {
        _ if enforced.is_whole() => State::Good,
        Mode::Require => State::Bad,
        Mode::BestEffort | Mode::Off => State::Weak,
    };
    finding(what, state, enforced.to_string())
}

fn descriptors(stray: &[String]) -> Option<Finding> {
    let said = format!("inherited, and not known: {}", stray.join(", "));
    (!stray.is_empty()).then(|| finding("descriptors", State::Weak, said))
}

/// Whether a file that steers the server can be written by others, or read where it is a secret.
fn file_of_ours(path: &Path) -> Finding {
    let what = path.display().to_string();
    let stat = match rustix::fs::stat(path) {
        Ok(stat) => stat,
        Err(cause) => return finding(&what, State::Bad, cause.to_string()),
    };
    let mode = stat.st_mode & 0o777;
    let owner = rustix::process::geteuid().as_raw();
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        finding(&what, State::Bad, "not a regular file")
    } else if stat.st_uid != owner && stat.st_uid != 0 {
        let said = format!(
            "belongs to uid {}: chown it to this user or to root",
            stat.st_uid
        );
        finding(&what, State::Bad, said)
    } else if mode & 0o022 != 0 {
        let said = format!("mode {mode:03o}: others can write it; chmod go-w");
        finding(&what, State::Bad, said)
    } else {
        finding(&what, State::Good, format!("mode {mode:03o}"))
    }
}

/// The directory of the trail: its mode, its room, and whether it is whole.
fn trail<P: Program>(start: &Start<'_, P>) -> Vec<Finding> {
    let what = format!("trail {}", start.audit_dir.display());
    let stat = match rustix::fs::stat(start.audit_dir) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return vec![finding(&what, State::Good, "not begun yet")],
        Err(cause) => return vec![finding(&what, State::Bad, cause.to_string())],
    };
    let mode = stat.st_mode & 0o777;
    let mut findings = Vec::new();
    findings.push(if mode & 0o077 == 0 {
        finding(&what, State::Good, format!("mode {mode:03o}"))
    } else if mode & 0o022 == 0 {
        let said = format!("mode {mode:03o}: others can list it; chmod go-rwx");
        finding(&what, State::Weak, said)
    } else {
        let said = format!("mode {mode:03o}: others can write it; chmod go-rwx");
        finding(&what, State::Bad, said)
    });
    findings.push(room(start));
    findings.push(match audit::verify(start.audit_dir, &Trust::default()) {
        Ok(report) => {
            let (records, checkpoints) = (report.records, report.checkpoints);
            let state = match report.verdict {
                Verdict::Ok | Verdict::OkUnanchored | Verdict::PrunedOk => State::Good,
                Verdict::TornTail { .. } => State::Weak,
                Verdict::Broken { .. } | Verdict::Truncated { .. } | Verdict::Forked { .. } => {
                    State::Bad
                }
            };
            let said = format!(
                "{}: {records} records, {checkpoints} checkpoints",
                report.verdict
            );
            finding("records", state, said)
        }
        Err(trouble) => finding("records", State::Bad, told(trouble)),
    });
    findings
}

fn told(trouble: Trouble) -> String {
    let cause = std::error::Error::source(&trouble);
    cause.map_or_else(
        || trouble.to_string(),
        |cause| format!("{trouble}: {cause}"),
    )
}

/// How much is free where the trail is.
fn room<P: Program>(start: &Start<'_, P>) -> Finding {
    let wanted = P::common(start.config).audit.low_water_bytes.0;
    match rustix::fs::statvfs(start.audit_dir) {
        Err(cause) => finding("room", State::Bad, cause.to_string()),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let (free_mib, wanted_mib) = (free >> 20, wanted >> 20);
            if free < wanted {
                let said = format!(
                    "{free_mib} MiB free, and under {wanted_mib} MiB new work is refused: make \
                     room, or lower `low-water-bytes`"
                );
                finding("room", State::Bad, said)
            } else {
                finding("room", State::Good, format!("{free_mib} MiB free"))
            }
        }
    }
}

fn finding(what: &str, state: State, said: impl Into<String>) -> Finding {
    Finding {
        what: what.to_owned(),
        state,
        said: said.into(),
    }
}

fn for_people(findings: &[Finding], colours: bool) -> String {
    let width = findings.iter().map(|found| found.what.len()).max();
    let width = width.unwrap_or(0).min(WIDEST);
    let mut text = String::new();
    for Finding { what, state, said } in findings {
        let (word, colour) = match state {
            State::Good => ("good", "32"),
            State::Weak => ("weak", "33"),
            State::Bad => ("bad ", "31"),
        };
        let word = if colours {
            format!("\u{1b}[{colour}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        };
        text.push_str(&format!("{word}  {what:width$}  {said}\n"));
    }
    text
}

/// Whether a person looks at it who did not ask for plain text (<https://no-color.org>).
#[expect(
    clippy::disallowed_methods,
    reason = "the wish stands in the environment"
)]
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

const WIDEST: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_can_write_is_bad_and_the_remedy_is_told() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.toml");
        #[expect(clippy::disallowed_methods, reason = "a file to look at")]
        std::fs::write(&path, "").unwrap();
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            file_of_ours(&path)
        };
        assert_eq!(mode(0o644).state, State::Good);
        let open = mode(0o666);
        assert_eq!(open.state, State::Bad);
        assert!(open.said.contains("chmod go-w"), "{}", open.said);
    }

    #[test]
    fn colours_are_for_people_and_the_text_is_the_same_without() {
        let findings = [finding("room", State::Weak, "little")];
        assert_eq!(for_people(&findings, false), "weak  room  little\n");
        assert!(for_people(&findings, true).starts_with("\u{1b}[33mweak"));
    }
}
