//! `count_access`.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;
use guard::call::Call;
use guard::error::Denial;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use super::asked::Asked;
use super::page;
use super::page::Patience;
use super::page::Sight;
use crate::effects::Sifted;
use crate::server::Inner;
use crate::show;

#[derive(Debug, Deserialize)]
struct Count {
    #[serde(flatten)]
    asked: Asked,
    #[serde(default)]
    group_by: Vec<String>,
    #[serde(default = "usual")]
    limit: usize,
}

/// What is counted of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    requests: u64,
    items: u64,
    bytes: u64,
}

/// The groups while they are counted, in bounded memory.
#[derive(Debug, Default)]
struct Groups {
    by: Vec<&'static str>,
    counted: HashMap<Vec<String>, Tally>,
    held: usize,
    /// What had no group of its own any more.
    beyond: Tally,
    all: Tally,
}

/// Counts accesses by group.
pub(super) fn count(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let count: Count = arguments.parse()?;
    let query = count.asked.query(call.now())?;
    let mut groups = Groups {
        by: by(&count.group_by)?,
        ..Groups::default()
    };
    let sight = Sight::new(inner, call);
    let mut mix = sight.mix();
    let (mut bad, mut apart) = (0_u64, false);
    let mut patience = Patience::new(call);
    let walked = inner
        .trail
        .sift_since(query.since, &query.sieve(), |sifted| {
            if patience.is_over() {
                return ControlFlow::Break(());
            }
            match sifted {
                Sifted::Bad(_) => bad += 1,
                Sifted::Record { event, .. } => {
                    if is_access(event)
                        && query.matches(event)
                        && let Some(label) = sight.of(event)
                    {
                        if !mix.admits(label) {
                            apart = true;
                            return ControlFlow::Break(());
                        }
                        groups.add(event);
                    }
                }
            }
            ControlFlow::Continue(())
        });
    walked.map_err(page::unread)?;
    patience.end()?;
    if apart {
        return Err(APART.into());
    }
    call.touch(page::TRAIL, mix.label())?;
    let bad = if sight.all { bad } else { 0 };
    Ok(Labeled::new(groups.answer(count.limit, bad), mix.label()))
}

impl Groups {
    fn add(&mut self, event: &Event<'_>) {
        let one = Tally {
            requests: 1,
            items: event.number("result.items").unwrap_or_default(),
            bytes: event.number("result.bytes").unwrap_or_default(),
        };
        self.all.add(one);
        let key: Vec<String> = self.by.iter().map(|by| word(by, event)).collect();
        let size: usize = key.iter().map(|text| text.len() + ENTRY).sum();
        let known = self.counted.contains_key(&key);
        if !known && self.held + size > BYTES / 2 {
            return self.beyond.add(one);
        }
        if !known {
            self.held += size;
        }
        self.counted.entry(key).or_default().add(one);
    }

    /// The largest groups, and the sum of what is not among them.
    fn answer(self, limit: usize, bad: u64) -> Answer {
        let mut sorted: Vec<(Vec<String>, Tally)> = self.counted.into_iter().collect();
        sorted.sort_by(|(one, a), (other, b)| {
            b.requests.cmp(&a.requests).then_with(|| one.cmp(other))
        });
        let mut others = self.beyond;
        let (mut shown, mut room, mut left_out) = (Vec::new(), BYTES / 4, 0_u64);
        for (key, tally) in sorted {
            let size: usize = key.iter().map(|text| text.len() + ENTRY).sum();
            if shown.len() < limit && size <= room {
                room -= size;
                shown.push(tally.json(&self.by, key));
            } else {
                left_out += 1;
                others.add(tally);
            }
        }
        let items = shown.len() as u64;
        let truncated = others.requests > 0;
        let mut structured = json!({"groups": shown, "requests": self.all.requests});
        if let Some(object) = structured.as_object_mut() {
            if truncated {
                let mut rest = others.json(&[], Vec::new());
                if let Some(rest) = rest.as_object_mut() {
                    // what found no room while it was counted is of an unknown number of groups
                    let key = if self.beyond.requests > 0 {
                        "groups_at_least"
                    } else {
                        "groups"
                    };
                    rest.insert(key.to_owned(), left_out.max(1).into());
                }
                object.insert("others".to_owned(), rest);
            }
            if bad > 0 {
                object.insert("broken_places".to_owned(), bad.into());
            }
        }
        Answer {
            blocks: vec![Block::Text(structured.to_string())],
            structured: structured.into(),
            items,
            truncated,
            untrusted: true,
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.items = self.items.saturating_add(other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    fn json(self, by: &[&'static str], key: Vec<String>) -> Value {
        let mut group = Map::new();
        for (by, text) in by.iter().zip(key) {
            group.insert((*by).to_owned(), text.into());
        }
        group.insert("requests".to_owned(), self.requests.into());
        group.insert("items".to_owned(), self.items.into());
        group.insert("bytes".to_owned(), self.bytes.into());
        group.into()
    }
}

/// Whether something was asked for: by a tool, or a resource.
fn is_access(event: &Event<'_>) -> bool {
    event.text("kind") == Some("request")
        && (event.field("gen_ai.tool.name").is_some() || event.field("mcp.resource.uri").is_some())
}

/// What groups are made of, in the order in which it was asked for.
fn by(words: &[String]) -> Result<Vec<&'static str>, Denial> {
    let known = |word: &String| {
        BY.into_iter()
            .find(|by| by == word)
            .ok_or(Denial::Malformed {
                argument: "group_by",
                expected: WORDS,
            })
    };
    let mut by = words.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    if by.is_empty() {
        by = vec!["principal", "label"];
    }
    let mut once = Vec::new();
    by.retain(|word| {
        let new = !once.contains(word);
        once.push(*word);
        new
    });
    Ok(by)
}

/// The text by which `event` is grouped, escaped.
fn word(by: &str, event: &Event<'_>) -> String {
    let label;
    let text = match by {
        "principal" => event.text("principal.id"),
        "resource" => crate::query::RESOURCES
            .into_iter()
            .find_map(|key| event.text(key)),
        "tool" => show::what(event),
        "server" => event.text("server.name"),
        "outcome" => event.text("outcome"),
        _ => {
            label = show::label(event);
            label.as_deref()
        }
    };
    let mut out = String::new();
    show::escape(&mut out, text.unwrap_or("-"));
    out
}

const fn usual() -> usize {
    50
}

/// What groups may be made of.
pub(super) const BY: [&str; 6] = [
    "principal",
    "label",
    "resource",
    "tool",
    "server",
    "outcome",
];
pub(super) const WORDS: &str = "of principal, label, resource, tool, server, outcome";
/// The most groups that are shown.
pub(super) const MOST: i64 = 200;
/// What all groups together take.
pub(super) const BYTES: usize = 1 << 20;
/// What a text of a group takes beside its bytes.
const ENTRY: usize = 64;
/// Why there is no count.
const APART: Denial =
    Denial::Unsuitable("records of labels that do not go together: ask for one label at a time");
