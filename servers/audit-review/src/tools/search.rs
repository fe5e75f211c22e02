//! `search_records`.
//!
//! # Invariants
//!
//! - A cursor holds the id and the time of the last record that was shown, and when the first
//!   page was asked for: nothing that the caller has not seen.
//! - What is recorded after the first page was asked for, this search among it, is on no page.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;
use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use super::asked::Asked;
use super::page;
use super::page::Mix;
use super::page::Patience;
use super::page::Sight;
use crate::effects::Sifted;
use crate::query::Query;
use crate::server::Inner;
use crate::show;
use crate::show::Style;

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(flatten)]
    asked: Asked,
    #[serde(default)]
    order: Order,
    #[serde(default = "usual")]
    limit: usize,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Newest,
    Oldest,
}

/// What a cursor is sealed to.
#[derive(Debug, Serialize)]
struct Request {
    tool: &'static str,
    arguments: Map<String, Value>,
}

/// Where a page ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Position {
    /// When the first page was asked for.
    asked: DateTime<Utc>,
    /// The last record that was shown.
    id: String,
    /// Its time.
    time: Option<DateTime<Utc>>,
}

/// Searches one page of records.
pub(super) fn search(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let mut given = arguments.given().clone();
    let cursor = given.remove("cursor");
    let request = Request {
        tool: "search_records",
        arguments: given,
    };
    let position: Option<Position> = match cursor.as_ref().and_then(Value::as_str) {
        Some(cursor) => Some(call.unseal(&request, cursor)?),
        None => None,
    };
    let search: Search = arguments.parse()?;
    let asked = position
        .as_ref()
        .map_or(call.now(), |position| position.asked);
    let sight = Sight::new(inner, call);
    let mut page = Page {
        inner,
        query: search.asked.query(asked)?,
        sight,
        room: search.limit,
        mix: sight.mix(),
        text: String::new(),
        shown: 0,
        last: None,
        more: false,
        bad: 0,
        first: None,
    };
    match search.order {
        Order::Newest => page.newest(call, position)?,
        Order::Oldest => page.oldest(call, position)?,
    }
    call.touch(page::TRAIL, page.mix.label())?;
    let next = page
        .last
        .take()
        .filter(|_| page.more)
        .map(|(id, time)| call.seal(&request, &Position { asked, id, time }));
    let label = page.mix.label();
    Ok(Labeled::new(page.answer(next), label))
}

/// One page while it is gathered.
struct Page<'a> {
    inner: &'a Inner,
    query: Query,
    sight: Sight<'a>,
    /// How many records may still be added.
    room: usize,
    mix: Mix,
    text: String,
    shown: u64,
    /// The id and the time of the last record.
    last: Option<(String, Option<DateTime<Utc>>)>,
    /// Whether there is another page.
    more: bool,
    bad: u64,
    first: Option<String>,
}

/// A record that may be shown.
#[derive(Debug)]
struct Entry {
    line: String,
    label: Label,
    id: String,
    time: Option<DateTime<Utc>>,
}

impl Page<'_> {
    /// The oldest that come after `position`.
    fn oldest(&mut self, call: &Call, position: Option<Position>) -> Result<(), Refusal> {
        let since = self
            .query
            .since
            .max(position.as_ref().and_then(|at| at.time));
        let mut after = position.map(|at| at.id);
        let mut patience = Patience::new(call);
        let sieve = self.query.sieve();
        let walked = self.inner.trail.sift_since(since, &sieve, |sifted| {
            if patience.is_over() {
                return ControlFlow::Break(());
            }
            match sifted {
                Sifted::Bad(place) => self.met_bad(place),
                Sifted::Record { event, .. } if after.is_some() => {
                    if after.as_deref() == event.text("id") {
                        after = None;
                    }
                }
                Sifted::Record { event, .. } => {
                    if let Some(entry) = self.entry(event)
                        && !self.admit(entry)
                    {
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        });
        walked.map_err(page::unread)?;
        patience.end()?;
        after.map_or(Ok(()), |_| Err(Denial::StaleCursor.into()))
    }

    /// The newest that come before `position`, read from the end, file by file.
    fn newest(&mut self, call: &Call, position: Option<Position>) -> Result<(), Refusal> {
        let trail = &self.inner.trail;
        let files = trail.files_since(self.query.since).map_err(page::unread)?;
        let latest = position
            .as_ref()
            .and_then(|at| at.time)
            .or(self.query.until);
        let latest = latest.and_then(|time| time.checked_add_signed(CLOCKS));
        let mut before = position.map(|at| at.id);
        let sieve = self.query.sieve();
        let later = |begun: Option<DateTime<Utc>>| {
            begun
                .zip(latest)
                .is_some_and(|(begun, latest)| begun > latest)
        };
        for file in files.iter().rev().filter(|file| !later(file.begun)) {
            let mut kept = VecDeque::new();
            let mut bytes = 0;
            let mut met = false;
            let mut patience = Patience::new(call);
            let walked = trail.sift_file(file, &sieve, |sifted| {
                if patience.is_over() {
                    return ControlFlow::Break(());
                }
                match sifted {
                    Sifted::Bad(place) => self.met_bad(place),
                    Sifted::Record { event, .. } => {
                        if before.is_some() && before.as_deref() == event.text("id") {
                            met = true;
                            return ControlFlow::Break(());
                        }
                        if let Some(entry) = self.entry(event) {
                            bytes += entry.line.len();
                            kept.push_back(entry);
                        }
                        // one more than there is room for says that there is another page
                        while kept.len() > self.room + 1 || bytes > 2 * BYTES {
                            bytes -= kept.pop_front().map_or(bytes, |old| old.line.len());
                        }
                    }
                }
                ControlFlow::Continue(())
            });
            walked.map_err(page::unread)?;
            patience.end()?;
            if before.is_some() && !met {
                continue;
            }
            before = None;
            while let Some(entry) = kept.pop_back() {
                if !self.admit(entry) {
                    return Ok(());
                }
            }
        }
        before.map_or(Ok(()), |_| Err(Denial::StaleCursor.into()))
    }

    /// The record as it would be shown, if it is asked for and there for the caller.
    fn entry(&self, event: &Event<'_>) -> Option<Entry> {
        if !self.query.matches(event) {
            return None;
        }
        let label = self.sight.of(event)?;
        let mut line = String::new();
        show::line(
            &mut line,
            event,
            &self.sight.handle(event),
            Style::default(),
        );
        Some(Entry {
            line,
            label,
            id: event.text("id")?.to_owned(),
            time: event.time(),
        })
    }

    /// Adds a record; no if it belongs on the next page.
    fn admit(&mut self, entry: Entry) -> bool {
        let fits = self.shown == 0 || self.text.len() + entry.line.len() < BYTES;
        if self.room == 0 || !fits || !self.mix.admits(entry.label) {
            self.more = true;
            return false;
        }
        self.room -= 1;
        self.shown += 1;
        self.text.push_str(&entry.line);
        self.text.push('\n');
        self.last = Some((entry.id, entry.time));
        true
    }

    fn met_bad(&mut self, place: String) {
        self.bad += 1;
        self.first.get_or_insert(place);
    }

    fn answer(mut self, next: Option<String>) -> Answer {
        if self.text.is_empty() {
            self.text.push_str("[nothing]\n");
        }
        if self.sight.all {
            page::push_broken(&mut self.text, self.bad, self.first.as_deref());
        }
        let mut structured = json!({"records": self.shown, "truncated": next.is_some()});
        if let Some(cursor) = next {
            let again = json!({"cursor": cursor}).to_string();
            self.text.push_str("[more: the same call with ");
            self.text.push_str(&again);
            self.text.push_str("]\n");
            if let Some(object) = structured.as_object_mut() {
                object.insert("next".to_owned(), cursor.into());
            }
        }
        Answer {
            blocks: vec![Block::Text(self.text)],
            structured: structured.into(),
            items: self.shown,
            truncated: self.more,
            untrusted: true,
        }
    }
}

const fn usual() -> usize {
    50
}

/// The most records on one page.
pub(super) const MOST: i64 = 200;
/// The most text on one page, but for a single record that is larger.
pub(super) const BYTES: usize = 128 << 10;
/// How far a clock may have been set back before a search by time misses what it wrote.
const CLOCKS: TimeDelta = TimeDelta::days(1);
