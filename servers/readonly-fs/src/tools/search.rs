//! `search_text`.

use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
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
use super::page::starts;
use crate::effects::Options;
use crate::effects::Walk;
use crate::effects::search;
use crate::effects::search::Pattern;
use crate::effects::search_file::Finder;
use crate::effects::search_file::Found;
use crate::effects::search_sink;
use crate::effects::search_sink::Room;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::RelPath;
use crate::scope::glob::Globs;
use crate::scope::spelling;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Search {
    pattern: String,
    #[serde(default)]
    literal: bool,
    #[serde(default)]
    case: Case,
    path: Option<String>,
    glob: Option<String>,
    #[serde(default)]
    context: usize,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    ignored: bool,
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(rename = "cursor")]
    _cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Case {
    #[default]
    Sensitive,
    Insensitive,
    Smart,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Lines,
    Files,
    Count,
}

/// One page while it is gathered.
struct Page<'a> {
    call: &'a Call,
    mode: Mode,
    globs: Option<Globs>,
    finder: Finder,
    room: Room,
    ends: Instant,
    lines: Lines,
    mix: Mix,
    untrusted: bool,
    matches: u64,
    files: u64,
    scanned: u64,
    cut: bool,
    next: Option<Position>,
}

/// Searches one page of matches.
pub(super) fn search(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, position) = Request::new("search_text", call, &arguments)?;
    let search: Search = arguments.parse()?;
    let pattern = Pattern::compile(&search.pattern, search.literal, search.case.into())?;
    let globs = search
        .glob
        .as_deref()
        .map(|glob| Globs::new("glob", [glob]));
    let permits = starts(inner, call, search.path.as_deref())?;
    let limits = inner.scope.limits();
    let room = limits.text_bytes.count().max(LEAST);
    let mut page = Page {
        call,
        mode: search.mode,
        globs: globs.transpose()?,
        finder: Finder::new(&pattern, search.mode.into(), search.context),
        room: Room {
            matches: search.limit.min(limits.matches.count()),
            bytes: room,
        },
        ends: Instant::now() + Duration::from_secs(limits.search_seconds.get()),
        lines: Lines::new(usize::MAX),
        mix: Mix::new(call),
        untrusted: false,
        matches: 0,
        files: 0,
        scanned: 0,
        cut: false,
        next: None,
    };
    let first = position.as_ref().map_or(0, |position| position.start);
    let mut position = position;
    for (start, permit) in permits.iter().enumerate().skip(first) {
        let position = position.take();
        let options = Options {
            depth: usize::MAX,
            hidden: search.hidden,
            ignored: search.ignored,
            links: false,
            // opening a file examines it
            examine: false,
            after: position.as_ref().map(Position::path).transpose()?.flatten(),
            again: position.as_ref().is_some_and(|at| at.place.is_some()),
        };
        let resume = options
            .after
            .clone()
            .zip(position.and_then(|position| position.place));
        let walk = named(call, permit, inner.handles.walk(permit, call, options))?;
        page.root(walk, start, permit, resume)?;
        if page.next.is_some() {
            break;
        }
    }
    if let Some(permit) = permits.first().filter(|_| page.files == 0) {
        call.touch(&permit.place().uri(), page.mix.label())?;
    }
    let next = page.next.map(|position| call.seal(&request, &position));
    let structured = json!({
        "matches": page.matches,
        "files": page.files,
        "scanned": page.scanned,
        "truncated": page.cut,
    });
    let mut answer = page.lines.answer(structured, next);
    answer.items = page.matches;
    answer.untrusted = page.untrusted;
    Ok(Labeled::new(answer, page.mix.label()))
}

impl Page<'_> {
    /// Searches what one walk brings.
    fn root(
        &mut self,
        mut walk: Walk<'_>,
        start: usize,
        permit: &Permit,
        mut resume: Option<(RelPath, search_sink::Position)>,
    ) -> Result<(), Refusal> {
        self.mix.looked_at(walk.label());
        while let Some(entry) = walk.next()? {
            let resumed = resume.take();
            let resumed = resumed.filter(|(path, _)| path.as_bytes() == walk.below());
            let from = resumed.map_or(search_sink::Position::default(), |(_, place)| place);
            // every page gets somewhere, however slow the disk
            if Instant::now() >= self.ends && walk.scanned() > 1 {
                // the one at hand is for the next page; it exists for the reader
                let mut position = Position::after(start, walk.below());
                position.place = Some(from);
                self.next = Some(position);
                break;
            }
            let wanted = |globs: &Globs| globs.matches(walk.below());
            if entry.kind != Kind::File || !self.globs.as_ref().is_none_or(wanted) {
                continue;
            }
            let Some((file, meta)) = walk.open(&entry)? else {
                continue;
            };
            self.scanned += 1;
            // that there is nothing in it is told of it as well
            self.mix.looked_at(entry.standing.label);
            self.untrusted |= !permit.root().trusted;
            let (call, ends) = (self.call, self.ends);
            let check = || match call.check() {
                Ok(()) if Instant::now() >= ends => Err(Denial::TimedOut),
                other => other,
            };
            let found = self
                .finder
                .file(&file, meta.size, from, &mut self.room, &check);
            let found = match found {
                Ok(found) => found,
                // one file that cannot be read does not spoil the search
                Err(Refusal::Failed(fault)) => {
                    tracing::warn!(cause = fault.chain(), "a file could not be searched");
                    continue;
                }
                Err(denied @ Refusal::Denied(_)) => return Err(denied),
            };
            call.check()?;
            if !self.take(&found, permit, walk.path(), entry.standing.label)? {
                let mut position = Position::after(start, walk.below());
                position.place = Some(from);
                self.next = Some(position);
                break;
            }
            if let Some(rest) = found.next {
                let mut position = Position::after(start, walk.below());
                position.place = Some(rest);
                self.next = Some(position);
                break;
            }
        }
        if self.next.is_none() && walk.stopped() {
            self.next = walk.position().map(|path| Position::after(start, path));
        }
        self.cut |= walk.cut();
        Ok(())
    }

    /// Takes what was found in one file into the page. No if there is no room for any of it.
    fn take(
        &mut self,
        found: &Found,
        permit: &Permit,
        path: &[u8],
        label: Label,
    ) -> Result<bool, Refusal> {
        let any = match self.mode {
            Mode::Lines => !found.lines.is_empty(),
            Mode::Files | Mode::Count => found.matches > 0,
        };
        if !any {
            return Ok(true);
        }
        let mut line = String::new();
        permit.place().spell(&mut line, path);
        if self.mode != Mode::Lines {
            // these modes give a line a file
            if self.room.matches == 0 || self.room.bytes < line.len() + COUNT {
                return Ok(false);
            }
        }
        if let Mode::Count = self.mode {
            line.push_str(&format!(": {}", found.matches));
        }
        if !self.mix.admits(label) {
            return Ok(false);
        }
        if self.mode != Mode::Lines {
            self.room.matches -= 1;
        }
        self.room.bytes = self.room.bytes.saturating_sub(line.len() + 1);
        let uri = permit
            .place()
            .at(RelPath::from_kernel(path).unwrap_or_default());
        self.call.touch(&uri.uri(), label)?;
        self.untrusted |= !permit.root().trusted;
        self.matches += found.matches;
        self.files += 1;
        if self.mode == Mode::Lines && self.files > 1 {
            self.lines.push("");
        }
        self.lines.push(&line);
        let mut before = None;
        for hit in &found.lines {
            if before.is_some_and(|number: u64| number + 1 < hit.number) {
                self.lines.push("--");
            }
            before = Some(hit.number);
            let mark = if hit.matches { ':' } else { '-' };
            line.clear();
            line.push_str(&format!("{}{mark} ", hit.number));
            // one line of the file stays one line here
            spelling::plain(&mut line, &hit.text);
            if let Some((from, to)) = hit.columns {
                line.push_str(&format!(" [columns {from}-{to}]"));
            }
            self.lines.push(&line);
        }
        Ok(true)
    }
}

impl From<Case> for search::Case {
    fn from(case: Case) -> Self {
        match case {
            Case::Sensitive => Self::Sensitive,
            Case::Insensitive => Self::Insensitive,
            Case::Smart => Self::Smart,
        }
    }
}

impl From<Mode> for search::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Lines => Self::Lines,
            Mode::Files => Self::Files,
            Mode::Count => Self::Count,
        }
    }
}

const fn default_limit() -> usize {
    100
}

/// A page holds at least one match with its context, or paging would not go on.
const LEAST: usize = 64 << 10;
/// What a count adds to a line.
const COUNT: usize = 24;
