//! Writes records in the formats of other tools. Pure: a record goes in, a line comes out.
//!
//! | format  | of                                                                            |
//! |---------|-------------------------------------------------------------------------------|
//! | `jsonl` | the trail itself: the line as it was written                                  |
//! | `ocsf`  | OCSF 1.7.0, class API Activity (6003) with profile `data_classification`       |
//! | `ecs`   | Elastic Common Schema 9.0, one JSON object a line                             |
//! | `cef`   | Common Event Format, version 0                                                |
//! | `csv`   | RFC 4180, with a first line of names                                          |
//!
//! # Invariants
//!
//! - One record is one line, whatever texts it holds; what a format has no field for is kept
//!   beside it or, in CEF and CSV, left to the trail.
//! - A cell of a CSV never begins as a formula does, so that a spreadsheet runs nothing.

mod cef;
mod csv;
mod ecs;
mod ocsf;
#[cfg(test)]
mod tests;

use guard::audit::Event;
use guard::audit::Field;
use serde_json::Map;
use serde_json::Value;

/// A format that records are written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// The lines of the trail as they are.
    Jsonl,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// Elastic Common Schema.
    Ecs,
    /// Common Event Format.
    Cef,
    /// Comma-separated values.
    Csv,
}

impl Format {
    /// What stands before the first record.
    #[must_use]
    pub fn head(self) -> Option<String> {
        match self {
            Self::Csv => Some(csv::head()),
            Self::Jsonl | Self::Ocsf | Self::Ecs | Self::Cef => None,
        }
    }

    /// The record `event`, whose line in the trail is `line`, without a line feed.
    #[must_use]
    pub fn line(self, event: &Event<'_>, line: &[u8]) -> String {
        match self {
            Self::Jsonl => String::from_utf8_lossy(line).into_owned(),
            Self::Ocsf => ocsf::record(event).to_string(),
            Self::Ecs => ecs::record(event).to_string(),
            Self::Cef => cef::line(event),
            Self::Csv => csv::line(event),
        }
    }
}

/// What a record says happened: the tool, else the method, else the action.
fn operation<'a>(event: &'a Event<'_>) -> &'a str {
    let keys = ["gen_ai.tool.name", "mcp.method.name", "action"];
    keys.into_iter()
        .find_map(|key| event.text(key))
        .unwrap_or("unknown")
}

/// What was accessed: the resource, the tables, the request to an API.
fn resource<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    crate::query::RESOURCES
        .into_iter()
        .find_map(|key| event.text(key))
}

/// What the record says was done, as far as its name tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Activity {
    Create,
    Read,
    Update,
    Delete,
    Other,
}

impl Activity {
    fn of(event: &Event<'_>) -> Self {
        let verb = match (event.text("api.request"), event.text("gen_ai.tool.name")) {
            (Some(request), _) => request.split(' ').next(),
            (None, Some(tool)) => tool.split(['_', '-']).next(),
            (None, None) => return Self::of_method(event.text("mcp.method.name")),
        };
        match verb.unwrap_or_default() {
            "POST" | "insert" | "create" => Self::Create,
            "PUT" | "PATCH" | "update" => Self::Update,
            "DELETE" | "delete" => Self::Delete,
            _ => Self::Read,
        }
    }

    fn of_method(method: Option<&str>) -> Self {
        let method = method.unwrap_or_default();
        let reads = ["/list", "/read", "/complete", "/call"];
        if reads.into_iter().any(|end| method.ends_with(end)) {
            Self::Read
        } else {
            Self::Other
        }
    }
}

/// A field as JSON.
fn json(field: &Field<'_>) -> Value {
    match field {
        Field::Text(text) => Value::from(&**text),
        Field::Number(number) => Value::from(*number),
        Field::Flag(flag) => Value::from(*flag),
        Field::Texts(texts) => texts.iter().map(|text| Value::from(&**text)).collect(),
    }
}

/// The fields of `event` that a format has no place for.
fn others(event: &Event<'_>, mapped: &[&str]) -> Map<String, Value> {
    let fields = event.fields();
    let unmapped = fields.filter(|(key, _)| !mapped.contains(key));
    unmapped
        .map(|(key, field)| (key.to_owned(), json(field)))
        .collect()
}
