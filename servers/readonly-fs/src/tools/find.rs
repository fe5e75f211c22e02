//! `find_files`.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::list::default_limit;
use super::page::Lines;
use super::page::Mix;
use super::page::Position;
use super::page::Request;
use super::page::named;
use super::page::starts;
use crate::effects::Entry;
use crate::effects::Options;
use crate::scope::Kind;
use crate::scope::glob::Globs;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Find {
    globs: Vec<String>,
    path: Option<String>,
    #[serde(default, rename = "type")]
    kind: Wanted,
    min_size: Option<u64>,
    max_size: Option<u64>,
    modified_since: Option<String>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    ignored: bool,
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(rename = "cursor")]
    _cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    #[default]
    File,
    Directory,
    Any,
}

impl Find {
    /// Whether more than names and kinds decides what is found.
    const fn weighs(&self) -> bool {
        self.min_size.is_some() || self.max_size.is_some() || self.modified_since.is_some()
    }

    fn wants(&self, entry: &Entry, since: Option<(i64, u32)>) -> bool {
        let kind = match (self.kind, entry.kind) {
            (Wanted::File, Kind::File)
            | (Wanted::Directory, Kind::Directory)
            | (Wanted::Any, _) => true,
            (Wanted::File, Kind::Directory) | (Wanted::Directory, Kind::File) => false,
        };
        let sized = self.min_size.is_some() || self.max_size.is_some();
        kind && entry.meta.is_none_or(|meta| {
            let from = self.min_size.is_none_or(|least| least <= meta.size);
            let to = self.max_size.is_none_or(|most| meta.size <= most);
            // the size of a directory says nothing
            let size = !sized || entry.kind == Kind::File && from && to;
            size && since.is_none_or(|since| since <= meta.modified)
        })
    }
}

/// Finds one page of files.
pub(super) fn find(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, position) = Request::new("find_files", call, &arguments)?;
    let find: Find = arguments.parse()?;
    let globs = Globs::new("globs", find.globs.iter().map(String::as_str))?;
    let since = find.modified_since.as_deref();
    let since = since.map(|text| {
        let time = DateTime::parse_from_rfc3339(text);
        let time = time.map_err(|_| MALFORMED_TIME)?;
        Ok((time.timestamp(), time.timestamp_subsec_nanos()))
    });
    let since = since.transpose().map_err(Refusal::Denied)?;
    let permits = starts(inner, call, find.path.as_deref())?;
    let first = position.as_ref().map_or(0, |position| position.start);
    let mut after = position.as_ref().map(Position::path).transpose()?.flatten();

    let limits = inner.scope.limits();
    let limit = find.limit.min(limits.entries.count());
    let mut lines = Lines::new(limits.text_bytes.count());
    let (mut mix, mut untrusted) = (Mix::new(call), false);
    let (mut matches, mut scanned, mut cut) = (0, 0, false);
    let mut last = position;
    let mut next = None;
    'starts: for (start, permit) in permits.iter().enumerate().skip(first) {
        let options = Options {
            depth: usize::MAX,
            hidden: find.hidden,
            ignored: find.ignored,
            links: false,
            examine: true,
            after: after.take(),
            again: false,
        };
        let mut walk = named(call, permit, inner.handles.walk(permit, call, options))?;
        mix.looked_at(walk.label());
        let mut line = String::new();
        while let Some(entry) = walk.next_where(|path| globs.matches(path))? {
            if find.weighs() {
                // that it is not as large, or as old, is told of it as well
                mix.looked_at(entry.standing.name);
            }
            if !find.wants(&entry, since) {
                continue;
            }
            line.clear();
            permit.place().spell(&mut line, walk.path());
            if entry.kind == Kind::Directory {
                line.push('/');
            }
            let fits = matches < limit && mix.admits(entry.standing.name);
            if !fits || !lines.push(&line) {
                next = last.take();
                break;
            }
            matches += 1;
            last = Some(Position::after(start, walk.below()));
        }
        scanned += walk.scanned();
        cut |= walk.cut();
        untrusted |= !permit.root().trusted;
        call.touch(&permit.place().uri(), mix.label())?;
        if next.is_none() && walk.stopped() {
            next = walk.position().map(|path| Position::after(start, path));
        }
        if next.is_some() {
            break 'starts;
        }
    }
    let next = next.map(|position| call.seal(&request, &position));
    let structured = json!({"matches": matches, "scanned": scanned, "truncated": cut});
    let mut answer = lines.answer(structured, next);
    answer.items = matches as u64;
    answer.untrusted = untrusted;
    Ok(Labeled::new(answer, mix.label()))
}

const MALFORMED_TIME: Denial = Denial::Malformed {
    argument: "modified_since",
    expected: "a time as RFC 3339 writes it, such as 2026-01-31T09:00:00Z",
};
