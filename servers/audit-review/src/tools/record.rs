//! `read_record`.

use std::ops::ControlFlow;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;
use guard::audit::Field;
use guard::call::Call;
use guard::error::Denial;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use super::page;
use super::page::Patience;
use super::page::Sight;
use crate::effects::Sifted;
use crate::query::Sieve;
use crate::server::Inner;
use crate::show;

#[derive(Debug, Deserialize)]
struct Read {
    id: Option<String>,
    seq: Option<u64>,
}

/// Reads one record.
pub(super) fn read(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let read: Read = arguments.parse()?;
    let sight = Sight::new(inner, call);
    let (name, sieve, since) = match (&read.id, read.seq) {
        (Some(id), None) => {
            let written = written(id).ok_or(MALFORMED)?;
            (id.clone(), Sieve::of(id), Some(written))
        }
        // numbers are there for who sees all that they count
        (None, Some(seq)) if sight.all => (format!("#{seq}"), Sieve::of(&seq.to_string()), None),
        (None, Some(seq)) => {
            call.asked_for(&uri(&format!("#{seq}")));
            return Err(Denial::NotFound.into());
        }
        (Some(_), Some(_)) | (None, None) => return Err(MALFORMED.into()),
    };
    let uri = uri(&name);
    call.asked_for(&uri);
    let mut patience = Patience::new(call);
    let mut found: Option<Result<(Answer, Label), Denial>> = None;
    let walked = inner.trail.sift_since(since, &sieve, |sifted| {
        if patience.is_over() {
            return ControlFlow::Break(());
        }
        let Sifted::Record { event, link, .. } = sifted else {
            return ControlFlow::Continue(());
        };
        let is_it = match &read.id {
            Some(id) => event.text("id") == Some(id),
            None => read.seq == Some(link.seq),
        };
        if !is_it {
            return ControlFlow::Continue(());
        }
        let seen = sight.of(event).map(|label| (answer(event, &sight), label));
        found = Some(seen.ok_or(Denial::NotCleared));
        ControlFlow::Break(())
    });
    walked.map_err(page::unread)?;
    if found.is_none() {
        patience.end()?;
    }
    let (answer, label) = found.unwrap_or(Err(Denial::NotFound))?;
    call.touch(&uri, label)?;
    Ok(Labeled::new(answer, label))
}

/// When a record with this id was made, if it is an id: a UUID of version 7 (RFC 9562, 5.7).
fn written(id: &str) -> Option<DateTime<Utc>> {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    let is_uuid = id.len() == page::ID
        && id.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => matches!(c, '0'..='9' | 'a'..='f'),
        });
    let millis = i64::from_str_radix(digits.get(..12)?, 16).ok()?;
    let time = DateTime::from_timestamp_millis(millis)?;
    // the outcome of a request has the id that it got when it came
    is_uuid.then(|| time.checked_sub_signed(TimeDelta::hours(1)).unwrap_or(time))
}

fn answer(event: &Event<'_>, sight: &Sight<'_>) -> Answer {
    let mut record = Map::new();
    for (key, field) in event.fields() {
        // where it stands in the chain is for who sees all of the chain
        if !sight.all && CHAIN.contains(&key) {
            continue;
        }
        let mut name = String::new();
        show::escape(&mut name, key);
        record.insert(name, json(field));
    }
    let structured = json!({ "record": record });
    Answer {
        blocks: vec![Block::Text(structured.to_string())],
        structured: structured.into(),
        items: 1,
        truncated: false,
        untrusted: true,
    }
}

fn json(field: &Field<'_>) -> Value {
    let escaped = |text: &str| {
        let mut out = String::new();
        show::escape(&mut out, text);
        Value::from(out)
    };
    match field {
        Field::Text(text) => escaped(text),
        Field::Number(number) => (*number).into(),
        Field::Flag(flag) => (*flag).into(),
        Field::Texts(texts) => texts.iter().map(|text| escaped(text)).collect(),
    }
}

fn uri(name: &str) -> String {
    format!("{}/{name}", page::TRAIL)
}

const MALFORMED: Denial = Denial::Malformed {
    argument: "id",
    expected: "the id of a record, or a seq instead",
};
/// The fields by which a line is bound to the others.
const CHAIN: [&str; 3] = ["seq", "prev", "hash"];
/// A record is at most 16 KiB, its escapes perhaps twice that, and it is told twice.
pub(super) const BYTES: usize = 128 << 10;
