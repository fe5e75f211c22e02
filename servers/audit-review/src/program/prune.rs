//! `audit-review prune`: removes old files of the trail, and leaves a signed record of it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use guard::audit::Origin;
use guard::audit::Pruned;
use guard::audit::Retention;
use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;
use guard::server::Server;

use super::AuditReviewProgram;
use crate::AuditReview;

/// What it is run with. A file goes when all of its records, and all files before it, may go.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("age").required(true))]
pub struct Arguments {
    /// The directory of the trail [default: the configured one, else that of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
    /// What was recorded before this instant may go.
    #[arg(long, value_name = "RFC3339", group = "age")]
    before: Option<DateTime<Utc>>,
    /// What is older than so many days may go.
    #[arg(long, value_name = "DAYS", group = "age", value_parser = clap::value_parser!(u32).range(1..=MOST))]
    keep_days: Option<u32>,
    /// Records of this level or category are kept for so long instead, as personal=365d; a
    /// category only lengthens what the level says. Can be given more than once.
    #[arg(long, value_name = "WORD=DAYS")]
    label_keep: Vec<String>,
    /// Say what would go, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let now = start.now();
    let default = match (arguments.before, arguments.keep_days) {
        (Some(before), _) if before > now => {
            let error = "--before: expected an instant that has passed";
            return Err(StartError::Arguments(error.to_owned()));
        }
        (Some(before), _) => now - before,
        (None, days) => TimeDelta::days(i64::from(days.unwrap_or(u32::MAX))),
    };
    let known = start.taxonomy();
    let mut retention = Retention {
        default,
        levels: BTreeMap::new(),
        categories: BTreeMap::new(),
    };
    for text in &arguments.label_keep {
        keep(&mut retention, &known, text)
            .map_err(|expected| StartError::Arguments(format!("--label-keep: {expected}")))?;
    }
    let trail = super::trail(start, arguments.trail);
    let step = format!("prune the trail in {}", trail.dir().display());
    let pruned = if arguments.dry_run {
        guard::audit::would_prune(trail.dir(), &retention, now)
    } else {
        let settings = start.trail_settings(trail.dir())?;
        let origin = Origin {
            server_name: AuditReview::NAME,
            server_version: AuditReview::VERSION,
            ..Origin::default()
        };
        guard::audit::prune(settings, origin, &retention, now)
    };
    let pruned = pruned.map_err(|trouble| super::failed(&step, &trouble))?;
    super::print(out, &told(pruned, arguments.dry_run))
}

fn told(pruned: Pruned, dry_run: bool) -> String {
    let Pruned {
        segments,
        lines,
        first_kept,
    } = pruned;
    let word = if dry_run { "would remove" } else { "removed" };
    match segments {
        0 => format!("{word} nothing\n"),
        _ => {
            format!("{word} {segments} files, {lines} lines; file {first_kept} is then the first\n")
        }
    }
}

/// Takes `WORD=DAYSd` into the retention.
fn keep(retention: &mut Retention, known: &Taxonomy, text: &str) -> Result<(), String> {
    let read = || {
        let (word, days) = text.split_once('=')?;
        let days = days.strip_suffix('d').unwrap_or(days).parse::<u32>().ok()?;
        let days = (1..=MOST).contains(&i64::from(days)).then_some(days)?;
        Some((word, TimeDelta::days(i64::from(days))))
    };
    let (word, age) = read().ok_or("expected WORD=DAYS, as personal=365d")?;
    let label = known.parse(word).map_err(|error| error.to_string())?;
    // a category alone stands for the label of its own level
    let category = known.categories(label).next().map(str::to_owned);
    let (words, name) = match category {
        Some(_) if word.contains('+') => {
            return Err("expected one level or one category".to_owned());
        }
        Some(category) => (&mut retention.categories, category),
        None => (&mut retention.levels, known.level(label).to_owned()),
    };
    words.insert(name, age);
    Ok(())
}

/// The longest that anything is kept: a thousand years.
const MOST: i64 = 365_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_level_or_a_category_and_an_age_is_whole_days() {
        let known = Taxonomy::default();
        let mut retention = Retention {
            default: TimeDelta::days(1),
            levels: BTreeMap::new(),
            categories: BTreeMap::new(),
        };
        for good in ["personal=30d", "confidential=7", "internal=365000d"] {
            keep(&mut retention, &known, good).unwrap();
        }
        assert_eq!(retention.categories["personal"], TimeDelta::days(30));
        assert_eq!(retention.levels["confidential"], TimeDelta::days(7));
        for bad in [
            "personal",
            "personal=",
            "personal=0d",
            "personal=-1d",
            "personal=30h",
            "secret=30d",
            "internal+personal=30d",
            "=30d",
            "internal=365001d",
        ] {
            assert!(keep(&mut retention, &known, bad).is_err(), "{bad}");
        }
    }
}
