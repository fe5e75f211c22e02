//! `list_directory`.

use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::json;

use guard::call::Call;
use guard::error::Refusal;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page::Lines;
use super::page::Mix;
use super::page::Position;
use super::page::Request;
use super::page::named;
use crate::effects::Entry;
use crate::effects::Meta;
use crate::effects::Options;
use crate::effects::Walk;
use crate::scope::HardLinks;
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

/// Where a row stands: the largest or latest first, then by path.
type Rank = (Reverse<(i64, u64)>, RelPath);

/// An entry of a page. Rows are compared by their rank, which no two share.
#[derive(Debug)]
struct Row {
    rank: Rank,
    line: String,
    label: Label,
}

/// The first rows after a position.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Row>,
    /// Whether there are others after these.
    more: bool,
    /// Where the walk was stopped, if it was.
    stopped: Option<RelPath>,
    cut: bool,
}

/// Lists one page of a directory.
pub(super) fn list(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, position) = Request::new("list_directory", call, &arguments)?;
    let list: List = arguments.parse()?;
    let globs = list.glob.as_deref().map(|glob| Globs::new("glob", [glob]));
    let globs = globs.transpose()?;
    let wanted = |path: &[u8]| globs.as_ref().is_none_or(|globs| globs.matches(path));
    let permit = inner.permit(call, &list.path, Scope::permit_walk)?;
    let last = position.as_ref().map(Position::path).transpose()?.flatten();
    let root = permit.root();
    // else the directory's own word is all there is to know of an entry
    let examine =
        list.sizes || list.sort != Sort::Name || root.hard_links == HardLinks::Deny || !root.mounts;
    let options = Options {
        depth: list.depth,
        hidden: list.hidden,
        ignored: list.ignored,
        links: true,
        examine,
        after: last.clone().filter(|_| list.sort == Sort::Name),
        again: false,
    };
    let mut walk = named(call, &permit, inner.handles.walk(&permit, call, options))?;
    let mut mix = Mix::new(call);
    mix.looked_at(walk.label());
    let key = position.and_then(|position| position.key);
    let after = key.zip(last).map(|(key, path)| (Reverse(key), path));
    let gathered = match list.sort {
        Sort::Name => list.by_name(&mut walk, &permit, wanted)?,
        Sort::Size | Sort::Modified => {
            list.by_key(&mut walk, &permit, wanted, after.as_ref(), &mut mix)?
        }
    };
    let mut lines = Lines::new(permit.limits().text_bytes.count());
    let mut shown: u64 = 0;
    let mut last = gathered.stopped.as_ref();
    let mut more = gathered.more || last.is_some();
    for row in &gathered.rows {
        if !mix.admits(row.label) || !lines.push(&row.line) {
            last = None;
            more = true;
            break;
        }
        shown += 1;
    }
    let end = usize::try_from(shown).unwrap_or(usize::MAX);
    let row = gathered.rows.get(..end).and_then(<[Row]>::last);
    let last = last.or(row.map(|row| &row.rank.1)).filter(|_| more);
    let next = last.map(|path| {
        let mut position = Position::after(0, path.as_bytes());
        let key = row.map(|row| row.rank.0.0);
        position.key = key.filter(|_| list.sort != Sort::Name);
        call.seal(&request, &position)
    });
    let place = permit.place();
    call.touch(&place.uri(), mix.label())?;
    let structured = json!({
        "path": place.spelling(),
        "entries": shown,
        "truncated": gathered.cut,
    });
    let mut answer = lines.answer(structured, next);
    answer.items = shown;
    answer.untrusted = !place.root().trusted;
    Ok(Labeled::new(answer, mix.label()))
}

impl List {
    fn limit(&self, permit: &Permit) -> usize {
        self.limit.min(permit.limits().entries.count())
    }

    /// The walk comes in this order: take from it until there is enough.
    fn by_name(
        &self,
        walk: &mut Walk<'_>,
        permit: &Permit,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Rows, Refusal> {
        let mut rows = Rows::default();
        let mut bytes = 0;
        while let Some(entry) = walk.next_where(&wanted)? {
            let full = bytes > permit.limits().text_bytes.count();
            if full || rows.rows.len() == self.limit(permit) {
                rows.more = true;
                break;
            }
            let Some(path) = RelPath::from_kernel(walk.below()) else {
                continue;
            };
            let line = self.line(permit, walk.path(), &entry);
            bytes += line.len();
            rows.rows.push(Row {
                rank: (Reverse((0, 0)), path),
                line,
                label: entry.standing.name,
            });
        }
        rows.cut = walk.cut();
        let position = walk.position().filter(|_| walk.stopped());
        rows.stopped = position.and_then(RelPath::from_kernel);
        Ok(rows)
    }

    /// All of the walk is looked at, and only the first rows after `after` are kept.
    fn by_key(
        &self,
        walk: &mut Walk<'_>,
        permit: &Permit,
        wanted: impl Fn(&[u8]) -> bool,
        after: Option<&Rank>,
        mix: &mut Mix,
    ) -> Result<Rows, Refusal> {
        let mut rows = Rows::default();
        // the last of the rows so far is on top
        let mut heap: BinaryHeap<Row> = BinaryHeap::new();
        while let Some(entry) = walk.next_where(&wanted)? {
            // what is not shown decides as well what is
            mix.looked_at(entry.standing.name);
            let Some(path) = RelPath::from_kernel(walk.below()) else {
                continue;
            };
            let rank = (Reverse(self.key(&entry)), path);
            if after.is_some_and(|after| rank <= *after) {
                continue;
            }
            if heap.len() == self.limit(permit) {
                rows.more = true;
                if heap.peek().is_none_or(|last| last.rank <= rank) {
                    continue;
                }
                heap.pop();
            }
            heap.push(Row {
                rank,
                line: self.line(permit, walk.path(), &entry),
                label: entry.standing.name,
            });
        }
        rows.rows = heap.into_sorted_vec();
        rows.cut = walk.cut();
        Ok(rows)
    }

    fn key(&self, entry: &Entry) -> (i64, u64) {
        match (self.sort, entry.kind, entry.meta) {
            (Sort::Size, Kind::File, Some(meta)) => (0, meta.size),
            (Sort::Modified, _, Some(meta)) => (meta.modified.0, meta.modified.1.into()),
            (Sort::Name | Sort::Size | Sort::Modified, _, _) => (-1, 0),
        }
    }

    fn line(&self, permit: &Permit, path: &[u8], entry: &Entry) -> String {
        let mut line = String::new();
        permit.place().spell(&mut line, path);
        if entry.kind == Kind::Directory {
            line.push('/');
        }
        if let Some(meta) = entry.meta.filter(|_| self.sizes) {
            line.push('\t');
            match entry.kind {
                Kind::File => line.push_str(&meta.size.to_string()),
                Kind::Directory => line.push('-'),
            }
            line.push('\t');
            line.push_str(&time(&meta));
        }
        line
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Row {}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
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
