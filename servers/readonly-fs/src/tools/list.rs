//! `list_directory`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Deserialize;
use serde_json::json;

use chrono::SecondsFormat;
use guard::call::Call;
use guard::error::Denial;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page::Lines;
use super::page::Position;
use super::page::Request;
use super::page::named;
use crate::effects::Meta;
use crate::effects::Options;
use crate::effects::Walk;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::RelPath;
use crate::scope::Scope;
use crate::scope::glob::Globs;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct List {
    path: String,
    #[serde(default = "one")]
    depth: usize,
    glob: Option<String>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    ignored: bool,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    sizes: bool,
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(rename = "cursor")]
    _cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Name,
    Size,
    Modified,
}

/// An entry of a page, in the order of the page.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Row {
    /// Largest or latest first.
    key: Reverse<(i64, u64)>,
    below: RelPath,
    // the rest decides nothing: no two rows have one path
    line: String,
}

/// What a page gathers.
struct Gathered {
    rows: Vec<Row>,
    more: bool,
    cut: bool,
    label: Label,
}

/// Lists one page of a directory.
pub(super) fn list(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, position) = Request::new("list_directory", call, &arguments)?;
    let list: List = arguments.parse()?;
    let globs = list.glob.as_deref().map(|glob| Globs::new("glob", [glob]));
    let globs = globs.transpose()?;
    let permit = inner.permit(call, &list.path, Scope::permit_walk)?;
    let last = position.as_ref().map(Position::path).transpose()?.flatten();
    let options = Options {
        depth: list.depth,
        hidden: list.hidden,
        ignored: list.ignored,
        links: true,
        examine: true,
        after: last.clone().filter(|_| list.sort == Sort::Name),
        again: false,
    };
    let walk = named(call, &permit, inner.handles.walk(&permit, call, options))?;
    let limit = list.limit.min(permit.limits().entries.count());
    let label = walk.label();
    let mut gathered = Gathered {
        rows: Vec::new(),
        more: false,
        cut: false,
        label,
    };
    let wanted = |path: &[u8]| globs.as_ref().is_none_or(|globs| globs.matches(path));
    if list.sort == Sort::Name {
        by_name(walk, &permit, &list, limit, wanted, &mut gathered)?;
    } else {
        let key = position.and_then(|position| position.key);
        let after = key.zip(last).map(|(key, below)| (Reverse(key), below));
        by_key(walk, &permit, &list, limit, wanted, after, &mut gathered)?;
    }
    let mut lines = Lines::new(permit.limits().text_bytes.count());
    let mut shown = 0;
    for row in &gathered.rows {
        if !lines.push(&row.line) {
            gathered.more = true;
            break;
        }
        shown += 1;
    }
    let last = gathered.rows.get(..shown).and_then(<[Row]>::last);
    let next = last.filter(|_| gathered.more).map(|row| {
        let mut position = Position::after(0, row.below.as_bytes());
        position.key = Some(row.key.0).filter(|_| list.sort != Sort::Name);
        call.seal(&request, &position)
    });
    let place = permit.place();
    call.touch(&place.uri(), gathered.label)?;
    let structured = json!({
        "path": place.spelling(),
        "entries": shown,
        "truncated": gathered.cut,
    });
    let mut answer = lines.answer(structured, next);
    answer.items = shown as u64;
    answer.untrusted = !place.root().trusted;
    Ok(Labeled::new(answer, gathered.label))
}

fn by_name(
    mut walk: Walk<'_>,
    permit: &Permit,
    list: &List,
    limit: usize,
    wanted: impl Fn(&[u8]) -> bool,
    into: &mut Gathered,
) -> Result<(), guard::error::Refusal> {
    let mut bytes = 0;
    while let Some(entry) = walk.next()? {
        if !wanted(walk.below()) {
            continue;
        }
        if into.rows.len() == limit || bytes > permit.limits().text_bytes.count() {
            into.more = true;
            break;
        }
        into.label = into.label.join(entry.standing.name);
        let line = line(permit, walk.path(), entry.kind, entry.meta, list.sizes);
        bytes += line.len();
        into.rows.extend(row(Reverse((0, 0)), walk.below(), line));
    }
    into.cut = walk.cut();
    Ok(())
}

fn by_key(
    mut walk: Walk<'_>,
    permit: &Permit,
    list: &List,
    limit: usize,
    wanted: impl Fn(&[u8]) -> bool,
    after: Option<(Reverse<(i64, u64)>, RelPath)>,
    into: &mut Gathered,
) -> Result<(), guard::error::Refusal> {
    // the first `limit` rows so far, the last of them on top
    let mut heap: BinaryHeap<Row> = BinaryHeap::new();
    while let Some(entry) = walk.next()? {
        if !wanted(walk.below()) {
            continue;
        }
        into.label = into.label.join(entry.standing.name);
        let key = Reverse(key(list.sort, entry.kind, entry.meta));
        let Some(row) = row(key, walk.below(), String::new()) else {
            continue;
        };
        let before =
            |(key, below): &(Reverse<(i64, u64)>, RelPath)| (row.key, &row.below) <= (*key, below);
        if after.as_ref().is_some_and(before) {
            continue;
        }
        if heap.len() == limit {
            into.more = true;
            if heap.peek().is_none_or(|last| *last <= row) {
                continue;
            }
            heap.pop();
        }
        let line = line(permit, walk.path(), entry.kind, entry.meta, list.sizes);
        heap.push(Row { line, ..row });
    }
    into.rows = heap.into_sorted_vec();
    into.cut = walk.cut();
    Ok(())
}

fn row(key: Reverse<(i64, u64)>, below: &[u8], line: String) -> Option<Row> {
    let below = RelPath::from_kernel(below)?;
    Some(Row { key, below, line })
}

fn key(sort: Sort, kind: Kind, meta: Option<Meta>) -> (i64, u64) {
    let Some(meta) = meta else {
        return (0, 0);
    };
    match (sort, kind) {
        (Sort::Size, Kind::File) => (0, meta.size),
        (Sort::Modified, _) => (meta.modified.0, meta.modified.1.into()),
        (Sort::Size, Kind::Directory) | (Sort::Name, _) => (-1, 0),
    }
}

fn line(permit: &Permit, path: &[u8], kind: Kind, meta: Option<Meta>, sizes: bool) -> String {
    let mut line = String::new();
    permit.place().spell(&mut line, path);
    if kind == Kind::Directory {
        line.push('/');
    }
    if let Some(meta) = meta.filter(|_| sizes) {
        line.push('\t');
        match kind {
            Kind::File => line.push_str(&meta.size.to_string()),
            Kind::Directory => line.push('-'),
        }
        line.push('\t');
        line.push_str(&time(&meta));
    }
    line
}

/// When it changed, to the second.
pub(super) fn time(meta: &Meta) -> String {
    let at = meta.modified_at();
    at.map_or_else(
        || "-".to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

const fn one() -> usize {
    1
}

pub(super) const fn default_limit() -> usize {
    200
}

/// For arguments that name a time.
pub(super) const fn malformed_time(argument: &'static str) -> Denial {
    Denial::Malformed {
        argument,
        expected: "a time as RFC 3339 writes it, such as 2026-01-31T09:00:00Z",
    }
}
