//! What was recorded of each call, before it left and after; and a search for the key.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it looks through all that was left behind"
)]

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use crate::api::Api;
use crate::api::KEY;
use crate::grant::TOOL;
use crate::screen::Screen;
use crate::trail;
use crate::trail::word;

/// Shows the records of the API's chapter, and searches for the key in them, in `heard`, and in all
/// files.
///
/// # Errors
///
/// If a file cannot be read.
pub fn show(screen: &mut Screen, api: &Api, heard: &str) -> io::Result<()> {
    screen.heading("19. Announced, done, recorded");
    let records = api.records()?;
    let mine = |record: &&Value| word(record, "gen_ai.tool.name") == TOOL;
    let rule = |record: &&Value, rule: &str| word(record, "decision.rule") == rule;
    let malformed = records.iter().filter(mine).filter(|r| rule(r, "malformed"));
    screen.say(&format!(
        "\nThe calls of one tool. An intent is on the disk before its request leaves.\n\
         Beside these, {} were refused for their arguments:\n",
        malformed.count()
    ));
    for record in records.iter().filter(mine) {
        if !rule(&record, "malformed") {
            screen.quote(&row(record, &records), 1);
        }
    }
    let intents: Vec<_> = records
        .iter()
        .filter(|record| word(record, "phase") == "intent")
        .collect();
    let outcomes = records.iter().filter(|record| {
        let after = intents.iter().filter(|intent| {
            word(record, "ref") == word(intent, "id") && number(intent) < number(record)
        });
        after.count() == 1
    });
    let received = api.received()?.len();
    screen.promise(
        received > 0 && intents.len() == received && outcomes.count() == received,
        &format!("{received} requests reached the API: so many intents, and an outcome after each"),
    );
    let refused = records
        .iter()
        .filter(mine)
        .filter(|record| rule(record, "not_permitted"));
    screen.promise(
        refused.count() >= 2,
        "the calls before and after the grant are there as well, with the reason",
    );
    let report = trail::verified(&api.trail())?;
    let whole = report.verdict.name() == "ok-unanchored";
    screen.promise(
        whole,
        &format!("the trail is whole: {} records", report.records),
    );

    let mut left = Left::default();
    left.look(heard.as_bytes());
    let answers = heard.lines().count();
    left.look_below(api.path())?;
    screen.say("\nThe key as it is, in hex, in base64 at each of its three positions:");
    screen.quote(
        &format!(
            "{} times in {answers} answers and {} files: the record, the log with all that it can \
             say,\nthe configuration, what the API wrote down",
            left.found, left.files
        ),
        2,
    );
    screen.promise(
        left.found == 0,
        "the key is in nothing that was left behind",
    );
    Ok(())
}

/// What was looked through.
#[derive(Debug, Default)]
struct Left {
    files: usize,
    found: usize,
}

impl Left {
    fn look(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let found = spellings().into_iter();
        self.found += found.filter(|key| text.contains(key)).count();
    }

    fn look_below(&mut self, dir: &Path) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.look_below(&entry.path())?;
            } else {
                self.files += 1;
                self.look(&fs::read(entry.path())?);
            }
        }
        Ok(())
    }
}

/// The key in each disguise, in small letters.
fn spellings() -> Vec<String> {
    let mut all = vec![
        KEY.to_owned(),
        KEY.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for before in ["", "x", "xx"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{KEY}"));
        // characters that depend on the key alone: six bits each
        let (from, to) = (8 * before.len(), 8 * (before.len() + KEY.len()));
        let inner = encoded.get(from.div_ceil(6)..to / 6);
        all.extend(inner.map(str::to_lowercase));
    }
    all
}

fn row(record: &Value, records: &[Value]) -> String {
    let announced = records.iter().find(|other| {
        let id = word(other, "id");
        !id.is_empty() && id == word(record, "ref")
    });
    let announced = announced.map(|intent| format!("of {}", number(intent)));
    let status = record.get("api.status").map(Value::to_string);
    format!(
        "{:>3}  {:<12}  {:<7}  {:<5}  {:<13}  {:<7}  {}",
        number(record),
        word(record, "principal.id"),
        word(record, "phase"),
        announced.unwrap_or_default(),
        word(record, "decision.rule"),
        word(record, "outcome"),
        status.unwrap_or_default(),
    )
    .trim_end()
    .to_owned()
}

fn number(record: &Value) -> u64 {
    let number = record.get("seq").and_then(Value::as_u64);
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_every_disguise() {
        let hex: String = KEY.bytes().map(|byte| format!("{byte:02X}")).collect();
        let mut disguises = vec![format!("a {KEY} b"), hex];
        for before in ["", "a", "ab", "abc"] {
            disguises.push(STANDARD_NO_PAD.encode(format!("{before}{KEY}cd")));
        }
        for disguise in disguises {
            let mut left = Left::default();
            left.look(disguise.as_bytes());
            assert_eq!(left.found, 1, "{disguise}");
        }
        let mut left = Left::default();
        left.look(b"sk-canary and nothing more");
        assert_eq!(left.found, 0);
    }
}
