//! What a composition allows as a whole, and what should be changed. Pure.
//!
//! # Invariants
//!
//! - What is unknown counts as private, untrusted and open at once, unless the operator said what
//!   it is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;

use guard::program::Description;

use crate::finding::Finding;
use crate::finding::Severity;
use crate::finding::plain;
use crate::host::Started;
use crate::ours::Unknown;
use crate::ours::changes_the_program;
use crate::ours::is_variable;

/// One server of the composition.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the host calls it.
    pub name: String,
    /// How it is started, where the host starts it.
    pub started: Option<Started>,
    /// What it would serve, or why that is not known.
    pub described: Result<Description, Unknown>,
}

/// What a server is in a composition, as far as data flows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traits {
    /// It shows data that is not public.
    pub private: bool,
    /// It shows content that others wrote.
    pub untrusted: bool,
    /// What the model gives it leaves the machine.
    pub egress: bool,
}

/// What the operator says of a server: `NAME=private,untrusted,egress`, or `NAME=none`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// What the host calls it.
    pub name: String,
    /// What it is taken for.
    pub traits: Traits,
}

/// A text that says nothing of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected NAME=none, or NAME= and some of private, untrusted, egress")]
pub struct NotAccepted;

impl FromStr for Accepted {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let (name, words) = text.rsplit_once('=').ok_or(NotAccepted)?;
        let mut traits = Traits::default();
        if words != "none" {
            for word in words.split(',') {
                match word {
                    "private" => traits.private = true,
                    "untrusted" => traits.untrusted = true,
                    "egress" => traits.egress = true,
                    _ => return Err(NotAccepted),
                }
            }
        }
        let name = name.to_owned();
        Ok(Self { name, traits })
    }
}

/// All that is to be said of `parts`, the worst first.
#[must_use]
pub fn judge(parts: &[Part], accepted: &[Accepted]) -> Vec<Finding> {
    let mut found = Vec::new();
    for part in parts {
        match &part.described {
            Ok(description) => known(part, description, &mut found),
            Err(why) => unknown(part, why, accepted, &mut found),
        }
        if let Some(started) = &part.started {
            secrets(part, started, &mut found);
        }
    }
    flow(parts, accepted, &mut found);
    same_tools(parts, &mut found);
    several_trails(parts, &mut found);
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

fn traits(part: &Part, accepted: &[Accepted]) -> Traits {
    if let Some(said) = accepted.iter().find(|said| said.name == part.name) {
        return said.traits;
    }
    match &part.described {
        Ok(description) => Traits {
            private: description.private,
            untrusted: description.untrusted,
            egress: description.tools.iter().any(|tool| tool.open_world),
        },
        Err(_) => Traits {
            private: true,
            untrusted: true,
            egress: true,
        },
    }
}

/// Private data, content of others, and a way out, in the reach of one model.
fn flow(parts: &[Part], accepted: &[Accepted], found: &mut Vec<Finding>) {
    let with = |has: fn(&Traits) -> bool| -> Vec<&Part> {
        let has = |part: &&Part| has(&traits(part, accepted));
        parts.iter().filter(has).collect()
    };
    let private = with(|traits| traits.private);
    let untrusted = with(|traits| traits.untrusted);
    let egress = with(|traits| traits.egress);
    let (Some(shows), Some(_), Some(sends)) = (private.first(), untrusted.first(), egress.first())
    else {
        return;
    };
    let names = |parts: &[&Part]| -> String {
        let names: Vec<String> = parts.iter().map(|part| plain(&part.name)).collect();
        names.join(", ")
    };
    // what one server shows of its own upstream and sends there again stays where it was
    let alone = private.len() == 1 && egress.len() == 1 && shows.name == sends.name;
    let is_ours = egress.iter().all(|part| part.described.is_ok());
    let way = if is_ours {
        "to the hosts declared there"
    } else {
        "and nobody knows where to"
    };
    let all: BTreeSet<&str> = [&private, &untrusted, &egress]
        .into_iter()
        .flatten()
        .map(|part| part.name.as_str())
        .collect();
    found.push(Finding {
        severity: if alone && is_ours {
            Severity::Warning
        } else {
            Severity::Error
        },
        code: "private-data-can-leave",
        servers: all.into_iter().map(str::to_owned).collect(),
        said: format!(
            "private data ({}), content that others wrote ({}) and a way out ({}, {way}) are in \
             the reach of one model: a text in that content can have the data sent away",
            names(&private),
            names(&untrusted),
            names(&egress),
        ),
        mend: "take one of the three away: move the way out to a host of its own, lower what the \
               others show by the clearance of a role, or serve only content that you wrote and \
               declare it trusted; if it is meant to be so, say what a server may be taken for, \
               with --accept NAME=none"
            .to_owned(),
    });
}

fn known(part: &Part, description: &Description, found: &mut Vec<Finding>) {
    let mut push = |severity, code, said: String, mend: &str| {
        found.push(Finding {
            severity,
            code,
            servers: vec![part.name.clone()],
            said,
            mend: mend.to_owned(),
        });
    };
    if description.roles.is_empty() {
        let said = format!(
            "nobody is served: {} has no role now",
            plain(&description.subject)
        );
        let mend = "give the subject a role, or a grant that is in force, in the policy";
        push(Severity::Error, "serves-nobody", said, mend);
    }
    if !description.ended.is_empty() {
        let said = format!(
            "the policy has grants that ended: {}",
            description.ended.join(", ")
        );
        push(
            Severity::Warning,
            "grants-ended",
            said,
            "remove them, or renew them on purpose",
        );
    }
    let missing = description.sandbox.split_once("missing: ");
    if description.sandbox.starts_with("none") || missing.is_some() {
        let said = match missing {
            Some((_, missing)) => format!("the kernel does not hold the process down: {missing}"),
            None => "the kernel does not hold the process down".to_owned(),
        };
        let mend = "run it where the system confines it, as its own user or in a container";
        push(Severity::Warning, "no-sandbox", said, mend);
    }
    if description.roles == ["local"] && description.private {
        let said = format!(
            "there is no policy: whoever starts the host sees all that is opened ({})",
            description.opened.join(" and "),
        );
        push(
            Severity::Note,
            "no-policy",
            said,
            "give --policy FILE with roles and grants",
        );
    }
}

fn unknown(part: &Part, why: &Unknown, accepted: &[Accepted], found: &mut Vec<Finding>) {
    let is_accepted = accepted.iter().any(|said| said.name == part.name);
    let foreign = matches!(why, Unknown::Foreign);
    let severity = match why {
        Unknown::Impostor => Severity::Error,
        Unknown::Foreign if is_accepted => Severity::Note,
        Unknown::Foreign | Unknown::Variable | Unknown::Failed(_) => Severity::Warning,
    };
    let trail = if foreign {
        ", and leaves no trail that is known here"
    } else {
        ""
    };
    found.push(Finding {
        severity,
        code: if foreign {
            "unknown-server"
        } else {
            "not-described"
        },
        servers: vec![part.name.clone()],
        said: format!("unknown what it serves: {why}{trail}"),
        mend: match why {
            Unknown::Foreign => "say what it does with --accept NAME=...".to_owned(),
            Unknown::Impostor => "name the binary by its path, or install it here".to_owned(),
            Unknown::Variable => "write the argument out, or check it by --describe".to_owned(),
            Unknown::Failed(_) => "start it by hand with --describe and see".to_owned(),
        },
    });
}

/// Secrets that lie in the host's file, and variables that make another program of a binary.
fn secrets(part: &Part, started: &Started, found: &mut Vec<Finding>) {
    let mut literal: Vec<String> = Vec::new();
    for (name, value) in &started.env {
        if is_secret_name(name) && !value.is_empty() && !is_variable(value) {
            literal.push(format!("env {}", plain(name)));
        }
        if changes_the_program(name) {
            found.push(Finding {
                severity: Severity::Error,
                code: "changed-program",
                servers: vec![part.name.clone()],
                said: format!("{} puts other code into the program", plain(name)),
                mend: "remove it from `env`".to_owned(),
            });
        }
    }
    for (at, text) in started.arguments.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| started.arguments.get(at));
        let flag = text.split_once('=');
        let (flag, value) = match (flag, before) {
            (Some((flag, value)), _) if flag.starts_with('-') => (flag, value),
            (_, Some(before)) if before.starts_with('-') => (before.as_str(), text.as_str()),
            (_, _) => ("", text.as_str()),
        };
        let named = flag.starts_with('-') && is_secret_name(flag) && is_literal(value);
        if named || has_userinfo(value) {
            literal.push(format!("argument {}", at + 1));
        }
    }
    if !literal.is_empty() {
        found.push(Finding {
            severity: Severity::Error,
            code: "literal-secret",
            servers: vec![part.name.clone()],
            said: format!(
                "a secret may stand in the host's file: {}",
                literal.join(", ")
            ),
            mend: "keep it where secrets are kept and refer to it: keyring:, file:, cred: or a \
                   variable that the host asks for"
                .to_owned(),
        });
    }
}

/// Whether a value is one, and not the place where it is kept.
fn is_literal(value: &str) -> bool {
    let place = ["env:", "file:", "cred:", "keyring:", "vault:", "aws-sm:"];
    !(value.is_empty() || is_variable(value) || place.into_iter().any(|p| value.starts_with(p)))
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let secret = [
        "key",
        "token",
        "secret",
        "password",
        "passwd",
        "pwd",
        "apikey",
        "credential",
        "credentials",
    ];
    words.into_iter().any(|word| secret.contains(&word))
        || name.ends_with("apikey")
        || name.ends_with("token")
}

/// Whether a text is a URL with a password in it.
fn has_userinfo(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest);
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next());
    let userinfo = authority.and_then(|authority| authority.rsplit_once('@'));
    let password = userinfo.and_then(|(userinfo, _)| userinfo.split_once(':'));
    password.is_some_and(|(_, password)| is_literal(password))
}

/// Tools of one name in several servers: hosts and models take one for the other.
fn same_tools(parts: &[Part], found: &mut Vec<Finding>) {
    let mut offered: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for part in parts {
        for tool in part.described.iter().flat_map(|described| &described.tools) {
            offered.entry(&tool.name).or_default().push(&part.name);
        }
    }
    let mut shared: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (tool, servers) in offered {
        if servers.len() > 1 {
            shared.entry(servers).or_default().push(tool);
        }
    }
    for (servers, tools) in shared {
        found.push(Finding {
            severity: Severity::Warning,
            code: "same-tools",
            servers: servers.into_iter().map(str::to_owned).collect(),
            said: format!(
                "they offer tools of the same name ({}): a host may take one for the other, and \
                 the model has the rights of both",
                tools.join(", "),
            ),
            mend: "use a host that keeps them apart, or one server for each host".to_owned(),
        });
    }
}

/// Records of one host in several trails.
fn several_trails(parts: &[Part], found: &mut Vec<Finding>) {
    let described = || {
        parts
            .iter()
            .filter_map(|part| Some((part, part.described.as_ref().ok()?)))
    };
    let trails: BTreeSet<_> = described()
        .map(|(_, description)| &description.audit)
        .collect();
    if trails.len() > 1 {
        found.push(Finding {
            severity: Severity::Note,
            code: "several-trails",
            servers: described().map(|(part, _)| part.name.clone()).collect(),
            said: format!("they keep {} audit trails", trails.len()),
            mend: "give all the same --audit DIR to review them as one".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
