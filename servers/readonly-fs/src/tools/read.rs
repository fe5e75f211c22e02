//! `read_file`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Facts;
use guard::server::Outcome;

use super::page::APART;
use super::page::Mix;
use super::page::named;
use super::stat::spelled;
use crate::effects::Opened;
use crate::effects::media;
use crate::effects::media::Media;
use crate::effects::text;
use crate::effects::text::Budget;
use crate::effects::text::Part;
use crate::effects::text::Want;
use crate::effects::text_source::Source;
use crate::scope::Permit;
use crate::scope::Place;
use crate::scope::Scope;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Read {
    path: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
    from_line: Option<u64>,
    to_line: Option<u64>,
    tail: Option<u64>,
    from_byte: Option<u64>,
    to_byte: Option<u64>,
    #[serde(default)]
    numbered: bool,
}

/// One file of the answer.
struct One {
    block: Block,
    facts: About,
}

/// What programs are told of one file.
#[derive(Debug, Default, Serialize)]
struct About {
    bytes: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    control_characters: bool,
    encoding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<(u64, u64)>,
    mime: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Value>,
    path: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_lines: Option<u64>,
    truncated: bool,
}

/// The same, or why there is nothing.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    File(About),
    Not { error: &'static str, path: String },
}

/// What the files of one answer share.
struct Reading<'a> {
    inner: &'a Inner,
    call: &'a Call,
    want: Option<Want>,
    numbered: bool,
    batch: bool,
    base64: usize,
}

impl Read {
    /// The part that is wanted, if not simply all.
    fn want(&self) -> Result<Option<Want>, Denial> {
        let lines = self.from_line.is_some() || self.to_line.is_some();
        let bytes = self.from_byte.is_some() || self.to_byte.is_some();
        let kinds = [lines, bytes, self.tail.is_some()];
        if kinds.iter().filter(|given| **given).count() > 1 {
            return Err(Denial::Malformed {
                argument: "from_line",
                expected: "lines, tail or bytes, not several of them",
            });
        }
        Ok(if lines {
            let from = self.from_line.unwrap_or(1);
            let to = self.to_line;
            Some(Want::Lines { from, to })
        } else if bytes {
            let from = self.from_byte.unwrap_or(0);
            let to = self.to_byte;
            Some(Want::Bytes { from, to })
        } else {
            self.tail.map(Want::Tail)
        })
    }
}

/// Reads one file or several.
pub(super) fn read(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let read: Read = arguments.parse()?;
    read.want()?;
    let batch = read.path.is_none();
    if batch == read.paths.is_empty() {
        return Err(Denial::Malformed {
            argument: "path",
            expected: "either `path` or `paths`",
        }
        .into());
    }
    let mut files: Vec<File> = Vec::with_capacity(read.paths.len().max(1));
    for path in read.path.iter().chain(&read.paths) {
        match open(inner, call, path) {
            Err(Refusal::Denied(denial)) if batch && bears(denial) => {
                files.push(Err((spelled(inner, path)?, denial)));
            }
            opened => files.push(Ok(opened?)),
        }
    }
    answer(inner, call, &read, files)
}

/// Reads one small file, if the kernel has it at hand; nothing in every other case. Refusals are
/// left to [`read`].
pub(super) fn read_at_once(
    inner: &Inner,
    call: &Call,
    arguments: &Arguments,
) -> Option<Outcome<Answer>> {
    let given = arguments.given();
    if given.contains_key("paths") {
        return None;
    }
    let path = given.get("path")?.as_str()?;
    // if there is something at the likelier reading, that is what is meant
    let place = inner.scope.readings(path).ok()?.into_iter().next()?;
    let clearance = call.caller().clearance;
    let permit = inner.scope.permit_read(&place, clearance).ok()?;
    let opened = inner.handles.open_at_once(&permit)?;
    let read: Read = arguments.read().ok()?;
    read.want().ok()?;
    match answer(inner, call, &read, vec![Ok((permit, opened))]) {
        Err(Refusal::Denied(Denial::Busy)) => None,
        done => Some(done),
    }
}

/// A file of an answer, or why it is none.
type File = Result<(Permit, Opened), (String, Denial)>;

fn answer(inner: &Inner, call: &Call, read: &Read, files: Vec<File>) -> Outcome<Answer> {
    let want = read.want()?;
    let batch = read.path.is_none();
    let limits = inner.scope.limits();
    let found = files.iter().filter_map(|file| file.as_ref().ok());
    let binary = found.map(|(_, opened)| media::length(opened.meta.size, range(want)));
    media::reserve(call, limits, binary.fold(0, u64::saturating_add))?;
    let total = Budget {
        bytes: limits.text_bytes.count(),
        lines: limits.lines.count(),
    };
    let sizes = files
        .iter()
        .map(|file| file.as_ref().map_or(0, |(_, opened)| opened.meta.size));
    let budgets = total.split(&sizes.collect::<Vec<_>>());
    let mut reading = Reading {
        inner,
        call,
        want,
        numbered: read.numbered,
        batch,
        base64: limits.base64_bytes.count(),
    };
    let mut answer = Answer::default();
    let mut all = Vec::with_capacity(files.len());
    let mut mix = Mix::new(call);
    for (file, mut budget) in files.into_iter().zip(budgets) {
        let failed = match file {
            Ok((permit, opened)) if !mix.admits(opened.found.standing().label) => {
                (permit.place().spelling(), APART)
            }
            Ok((permit, opened)) => {
                let its = opened.found.standing().label;
                match reading.one(&permit, opened, &mut budget) {
                    Ok(one) => {
                        call.touch(&permit.place().uri(), its)?;
                        answer.untrusted |= !permit.root().trusted;
                        answer.truncated |= one.facts.truncated;
                        answer.items += 1;
                        answer.blocks.push(one.block);
                        all.push(Told::File(one.facts));
                        continue;
                    }
                    Err(Refusal::Denied(denial)) if batch && bears(denial) => {
                        (permit.place().spelling(), denial)
                    }
                    Err(refusal) => {
                        call.asked_for(&permit.place().uri());
                        return Err(refusal);
                    }
                }
            }
            Err(failed) => failed,
        };
        let (path, denial) = failed;
        let text = format!("{path}\n[{}: {denial}]\n", denial.code());
        answer.blocks.push(Block::Text(text));
        let error = denial.code();
        all.push(Told::Not { error, path });
    }
    let files: BTreeMap<_, _> = [("files", all)].into();
    answer.structured = Facts::of(&files)?;
    Ok(Labeled::new(answer, mix.label()))
}

/// Which bytes are wanted of a file that is not text: none if lines are asked for.
const fn range(want: Option<Want>) -> (u64, Option<u64>) {
    match want {
        None => (0, None),
        Some(Want::Bytes { from, to }) => (from, to),
        Some(Want::Lines { .. } | Want::Tail(_)) => (0, Some(0)),
    }
}

/// Whether one file of several may fail so without failing the others.
fn bears(denial: Denial) -> bool {
    denial.code() == Denial::NotFound.code()
        || matches!(denial, Denial::Unsuitable(_) | Denial::TooLarge(_))
}

fn open(inner: &Inner, call: &Call, path: &str) -> Result<(Permit, Opened), Refusal> {
    let permit = inner.permit(call, path, Scope::permit_read)?;
    let opened = named(call, &permit, inner.handles.open(&permit))?;
    Ok((permit, opened))
}

impl Reading<'_> {
    fn one(
        &mut self,
        permit: &Permit,
        opened: Opened,
        budget: &mut Budget,
    ) -> Result<One, Refusal> {
        let place = permit.place();
        let (file, content) = opened.into_file();
        let check = || self.call.check();
        let source = match content {
            Some(whole) => Source::at_hand(&file, whole, &check),
            None => Source::new(&file, &check)?,
        };
        let name = Path::new(OsStr::from_bytes(place.path().as_bytes()));
        let media = Media::of(source.head(), source.form(), name);
        if media.kind == media::Kind::Text {
            let want = self.want.unwrap_or(Want::WHOLE);
            let part = text::read(&source, want, self.numbered, budget, &self.inner.indexes)?;
            self.call
                .count("fs.bytes", part.bytes.1.saturating_sub(part.bytes.0));
            return Ok(self.text(place, part, source.size(), media));
        }
        let range = match self.want {
            None => None,
            Some(Want::Bytes { from, to }) => Some((from, to)),
            Some(Want::Lines { .. } | Want::Tail(_)) => {
                return Err(
                    Denial::Unsuitable("not a text file: read it whole or by bytes").into(),
                );
            }
        };
        let uri = place.uri();
        let before = self.base64;
        let block = media::block(&source, media, range, &uri, &mut self.base64)?;
        let bytes = (before - self.base64) / 4 * 3;
        self.call.count("fs.bytes", bytes as u64);
        let facts = About {
            path: place.spelling(),
            bytes: bytes as u64,
            size: source.size(),
            encoding: "binary",
            mime: media.mime,
            ..About::default()
        };
        Ok(One { block, facts })
    }

    /// The text as a block, with what was left out said at its end.
    fn text(&self, place: &Place, part: Part, size: u64, media: Media) -> One {
        let path = place.spelling();
        let mut facts = About {
            bytes: part.bytes.1.saturating_sub(part.bytes.0),
            size,
            encoding: part.encoding,
            mime: media.mime,
            truncated: part.next.is_some() || !part.cut.is_empty(),
            lines: part.lines,
            total_lines: part.total_lines,
            control_characters: part.has_control,
            ..About::default()
        };
        let mut notes = String::new();
        for cut in &part.cut {
            let rest = json!({"path": path, "from_byte": cut.from_byte});
            let line = part.lines.map_or(cut.nth + 1, |(first, _)| first + cut.nth);
            let (from, to) = cut.columns;
            notes.push_str(&format!(
                "[line {line} is cut: columns {from}-{to}; its rest begins with {rest}]\n"
            ));
        }
        if let Some(next) = part.next {
            let next = arguments(&path, next, self.numbered);
            notes.push_str(&match (part.lines, part.total_lines) {
                (Some((from, to)), Some(total)) => {
                    format!("[lines {from}-{to} of {total}; go on with {next}]\n")
                }
                (Some((from, to)), None) => format!("[lines {from}-{to}; go on with {next}]\n"),
                (None, _) => {
                    let (from, to) = part.bytes;
                    format!("[bytes {from}-{to} of {size}; go on with {next}]\n")
                }
            });
            facts.next = Some(next);
        }
        let mut text = part.text;
        if !notes.is_empty() && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&notes);
        if self.batch {
            // each file is a block of its own, so its text cannot pass for another's
            text.insert_str(0, &format!("{path}\n"));
        }
        facts.path = path;
        One {
            block: Block::Text(text),
            facts,
        }
    }
}

/// The arguments of the call that goes on.
fn arguments(path: &str, want: Want, numbered: bool) -> Value {
    let mut arguments = Map::new();
    let mut set = |name: &str, value: Value| arguments.insert(name.to_owned(), value);
    set("path", path.into());
    match want {
        Want::Lines { from, to } => {
            set("from_line", from.into());
            if let Some(to) = to {
                set("to_line", to.into());
            }
        }
        Want::Tail(count) => {
            set("tail", count.into());
        }
        Want::Bytes { from, to } => {
            set("from_byte", from.into());
            if let Some(to) = to {
                set("to_byte", to.into());
            }
        }
    }
    if numbered {
        set("numbered", true.into());
    }
    Value::Object(arguments)
}
