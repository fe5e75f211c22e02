//! `stat_files`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use super::list::time;
use super::page::Mix;
use crate::effects::Opened;
use crate::effects::encoding::Form;
use crate::effects::lines::Lines;
use crate::effects::media::Media;
use crate::effects::text_source::Source;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::Scope;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Stat {
    paths: Vec<String>,
}

/// Describes some paths.
pub(super) fn stat(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let stat: Stat = arguments.parse()?;
    let mut text = String::new();
    let mut files = Vec::with_capacity(stat.paths.len());
    let (mut mix, mut untrusted, mut items) = (Mix::new(call), false, 0);
    for path in &stat.paths {
        match one(inner, call, path) {
            Ok((_, label, _)) if !mix.admits(label) => {
                files.push(super::page::apart(&spelled(inner, path)?, &mut text));
            }
            Ok((facts, _, trusted)) => {
                text.push_str(&line(&facts));
                files.push(facts);
                untrusted |= !trusted;
                items += 1;
            }
            Err(Refusal::Denied(denial)) if denial.code() == Denial::NotFound.code() => {
                let path = spelled(inner, path)?;
                text.push_str(&format!("{path}\t{}\n", denial.code()));
                files.push(json!({"path": path, "error": denial.code()}));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    let answer = Answer {
        blocks: vec![Block::Text(text)],
        structured: json!({"files": files}).into(),
        items,
        untrusted,
        ..Answer::default()
    };
    Ok(Labeled::new(answer, mix.label()))
}

fn one(inner: &Inner, call: &Call, path: &str) -> Result<(Value, Label, bool), Refusal> {
    let permit = inner.permit(call, path, Scope::permit_look)?;
    let looked = super::page::named(call, &permit, inner.handles.look(&permit))?;
    let standing = looked.found.standing();
    let place = permit.place();
    let mut facts = json!({
        "path": place.spelling(),
        "type": match looked.kind { Kind::File => "file", Kind::Directory => "directory" },
        "modified": time(&looked.meta),
        "label": inner.known.text(standing.label),
    });
    let mut label = standing.name;
    if looked.kind == Kind::File {
        insert(&mut facts, "size", looked.meta.size);
        insert(&mut facts, "links", looked.meta.names);
        if standing.readable {
            // what its content tells is labelled as its content
            label = label.join(standing.label);
            content(inner, call, &permit, &looked, &mut facts)?;
        }
    }
    call.touch(&place.uri(), label)?;
    Ok((facts, label, place.root().trusted))
}

/// Adds what only the content tells.
fn content(
    inner: &Inner,
    call: &Call,
    permit: &Permit,
    looked: &Opened,
    facts: &mut Value,
) -> Result<(), Refusal> {
    let place = permit.place();
    let reading = inner.scope.permit_read(place, permit.clearance())?;
    let opened = inner.handles.open(&reading)?;
    if opened.meta != looked.meta {
        // somebody writes to it or put another in its place: say no more than is sure
        return Ok(());
    }
    let (file, _) = opened.into_file();
    let check = || call.check();
    let source = Source::new(&file, &check)?;
    let name = Path::new(OsStr::from_bytes(place.path().as_bytes()));
    insert(
        facts,
        "mime",
        Media::of(source.head(), source.form(), name).mime,
    );
    if let Form::Text(charset, mark) = source.form() {
        insert(facts, "encoding", charset.name(false));
        let lines = Lines::new(&source, &inner.indexes, (charset, mark), false);
        if let Some(total) = lines.total_if_cheap()? {
            insert(facts, "lines", total);
        }
    }
    Ok(())
}

fn insert(facts: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(facts) = facts.as_object_mut() {
        facts.insert(key.to_owned(), value.into());
    }
}

fn line(facts: &Value) -> String {
    let word = |key: &str| match facts.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    let mut line = ["path", "type", "size", "modified", "label"]
        .map(word)
        .join("\t");
    for key in ["mime", "encoding", "lines"] {
        if facts.get(key).is_some() {
            line.push_str(&format!("\t{key}={}", word(key)));
        }
    }
    line.push('\n');
    line
}

/// How an answer writes a path that led to nothing.
pub(super) fn spelled(inner: &Inner, path: &str) -> Result<String, Denial> {
    match inner.scope.readings(path) {
        Ok(readings) => Ok(readings
            .first()
            .map(crate::scope::Place::spelling)
            .unwrap_or_default()),
        Err(_) => {
            let path = crate::scope::RelPath::parse(path)?;
            let mut text = String::new();
            crate::scope::spelling::escape(&mut text, path.as_bytes());
            Ok(text)
        }
    }
}
