//! What a report says of what was counted.

use super::Bar;
use super::Block;
use super::Document;
use super::Facts;
use super::Profile;
use super::Rights;
use super::Section;
use super::Table;
use super::Tally;
use super::counter::Amount;
use super::counter::Counter;

/// The whole report.
pub(super) fn document(tally: &Tally, facts: &Facts, profile: Profile) -> Document {
    let instant = |time: Option<chrono::DateTime<chrono::Utc>>, open: &str| {
        time.map_or_else(|| open.to_owned(), |time| time.to_rfc3339())
    };
    let sections = [
        Some(trust(tally, facts)),
        Some(duties(profile)),
        Some(course(tally)),
        Some(access(tally, profile)),
        Some(resources(tally, profile)),
        Some(denials(tally)),
        findings(tally),
        Some(tools(tally)),
        Some(rights(tally, facts.rights.as_ref(), facts)),
        Some(not_shown(profile)),
    ];
    Document {
        title: profile.title().to_owned(),
        about: vec![
            format!(
                "Period: {} to {}",
                instant(facts.since, "the beginning of the trail"),
                instant(facts.until, "now")
            ),
            format!("Made: {}", facts.now.to_rfc3339()),
            format!(
                "Records: {}, of them {} that announce an effect",
                tally.records, tally.intents
            ),
        ],
        sections: sections.into_iter().flatten().collect(),
    }
}

fn trust(tally: &Tally, facts: &Facts) -> Section {
    let mut said = facts.verdict.clone();
    if tally.bad > 0 {
        said.push(format!(
            "{} places are not what was written; what lies between them is counted all the same",
            tally.bad
        ));
    }
    if tally.unknown > 0 {
        said.push(format!(
            "{} announced effects of which nobody knows how they ended",
            tally.unknown
        ));
    }
    section("Is the trail whole?", vec![Block::List(said)])
}

fn duties(profile: Profile) -> Section {
    let rows = profile.duties().iter();
    let rows = rows.map(|duty| {
        [duty.place, duty.asks, duty.evidence]
            .map(str::to_owned)
            .to_vec()
    });
    let table = Table {
        head: vec!["where it stands", "what it asks for", "what this report is"],
        rows: rows.collect(),
        more: String::new(),
    };
    section("Evidence for", vec![Block::Table(table)])
}

fn course(tally: &Tally) -> Section {
    let bars = tally.course().into_iter();
    let bars = bars.map(|(name, allowed, other)| Bar {
        name,
        allowed,
        other,
    });
    let hours = tally.hours.iter().enumerate();
    let hours = hours.map(|(hour, (allowed, other))| Bar {
        name: format!("{hour:02}"),
        allowed: *allowed,
        other: *other,
    });
    let unit = if tally.days.len() > 62 { "week" } else { "day" };
    let blocks = vec![
        Block::Bars {
            about: format!("Requests by {unit}"),
            bars: bars.collect(),
        },
        Block::Bars {
            about: "Requests by hour of the day, UTC".to_owned(),
            bars: hours.collect(),
        },
    ];
    section("When", blocks)
}

/// Who was shown labelled data.
fn access(tally: &Tally, profile: Profile) -> Section {
    let wanted = |label: &str| is_sensitive(label, profile);
    let table = table(
        &tally.access,
        &["who", "label", "calls", "items", "bytes", "first", "last"],
        |[_, label]| wanted(label),
        full,
    );
    section(
        if profile.is_about_people() {
            "Who was shown personal data"
        } else {
            "Who was shown labelled data"
        },
        vec![Block::Table(table)],
    )
}

fn resources(tally: &Tally, profile: Profile) -> Section {
    let table = table(
        &tally.resources,
        &["label", "what", "calls", "items", "bytes", "first", "last"],
        |[label, _]| is_sensitive(label, profile),
        full,
    );
    section("What was accessed most", vec![Block::Table(table)])
}

fn denials(tally: &Tally) -> Section {
    let table = table(
        &tally.denials,
        &["who", "code", "times", "first", "last"],
        |_| true,
        brief,
    );
    section("What was refused or failed", vec![Block::Table(table)])
}

fn findings(tally: &Tally) -> Option<Section> {
    let table = table(
        &tally.findings,
        &["finding", "about", "times", "first", "last"],
        |_| true,
        brief,
    );
    (!table.rows.is_empty()).then(|| section("What was unusual", vec![Block::Table(table)]))
}

fn tools(tally: &Tally) -> Section {
    let table = table(
        &tally.tools,
        &["server", "tool or method", "calls", "first", "last"],
        |_| true,
        brief,
    );
    section("By which server", vec![Block::Table(table)])
}

/// Rights that nobody used in the period.
fn rights(tally: &Tally, rights: Option<&Rights>, facts: &Facts) -> Section {
    let title = "Rights that were not used";
    let Some(rights) = rights else {
        let text = "Not told: the report was made without --policy.";
        return section(title, vec![Block::Text(text.to_owned())]);
    };
    let mut unused = Vec::new();
    let mut untold = 0_u64;
    let mut is_used = |found: Option<bool>| {
        untold += u64::from(found.is_none());
        found.unwrap_or(true)
    };
    for (role, permissions) in &rights.roles {
        if !is_used(tally.roles.has([role])) {
            unused.push(format!("role {role}: nothing was allowed by it"));
            continue;
        }
        for permission in permissions {
            if !is_used(tally.permissions.has([role, permission])) {
                unused.push(format!(
                    "role {role}, permission {permission}: nobody who had the role needed it"
                ));
            }
        }
    }
    for (place, subject, role, until) in &rights.grants {
        let is_over = *until <= facts.now;
        let state = if is_over { "ended" } else { "ends" };
        let until = until.to_rfc3339();
        if !is_used(tally.grants.has([place])) {
            unused.push(format!(
                "{place} ({subject}, role {role}, {state} {until}): never used"
            ));
        } else if is_over {
            unused.push(format!(
                "{place} ({subject}, role {role}): used, ended {until}, still in the policy"
            ));
        }
    }
    if untold > 0 {
        unused.push(format!(
            "of {untold} roles, permissions or grants it is not known: the trail has more names than are counted"
        ));
    }
    if unused.is_empty() {
        unused.push("none: every role, permission and grant of the policy was used".to_owned());
    }
    section(title, vec![Block::List(unused)])
}

fn not_shown(profile: Profile) -> Section {
    let list = profile.not_shown().iter().map(|text| (*text).to_owned());
    section(
        "What this report does not show",
        vec![Block::List(list.collect())],
    )
}

fn is_sensitive(label: &str, profile: Profile) -> bool {
    if profile.is_about_people() {
        label.split('+').any(|word| word == "personal")
    } else {
        label != "public"
    }
}

fn section(title: &str, blocks: Vec<Block>) -> Section {
    Section {
        title: title.to_owned(),
        blocks,
    }
}

/// The largest counts as a table.
fn table<const N: usize>(
    counter: &Counter<N>,
    head: &[&'static str],
    wanted: impl Fn([&str; N]) -> bool,
    columns: fn(Amount) -> Vec<String>,
) -> Table {
    let mut all = counter.sorted();
    all.retain(|(parts, _)| wanted(*parts));
    let rows = all.iter().take(ROWS).map(|(parts, amount)| {
        let parts = parts.iter().map(|part| (*part).to_owned());
        parts.chain(columns(*amount)).collect()
    });
    let left = all.len().saturating_sub(ROWS);
    let rest = counter.rest().calls;
    let more = match (left, rest) {
        (0, 0) => String::new(),
        (left, 0) => format!("and {left} more rows"),
        (left, rest) => format!(
            "and {left} more rows; {rest} calls under names beyond the first {}",
            super::counter::MOST
        ),
    };
    Table {
        head: head.to_vec(),
        rows: rows.collect(),
        more,
    }
}

fn full(amount: Amount) -> Vec<String> {
    let mut columns = vec![amount.calls, amount.items, amount.bytes]
        .into_iter()
        .map(|n| n.to_string())
        .collect::<Vec<_>>();
    columns.extend(times(amount));
    columns
}

fn brief(amount: Amount) -> Vec<String> {
    let mut columns = vec![amount.calls.to_string()];
    columns.extend(times(amount));
    columns
}

fn times(amount: Amount) -> [String; 2] {
    [amount.first, amount.last].map(|time| {
        time.map_or_else(String::new, |time| {
            time.format("%Y-%m-%d %H:%M").to_string()
        })
    })
}

const ROWS: usize = 50;
