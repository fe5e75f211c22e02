//! The same files as resources: listed, read, completed and watched under `fs://ROOT/path`.
//!
//! # Invariants
//!
//! - Every function here asks the scope for the same permits as the tools do.
//! - No path of this machine is in a URI: only names of roots and what is below them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Label;
use guard::label::Labeled;
use guard::server::Body;
use guard::server::Changes;
use guard::server::Contents;
use guard::server::Outcome;
use guard::server::Page;
use guard::server::Resource;
use guard::server::Template;
use guard::server::Watch;

use crate::effects::Options;
use crate::effects::media;
use crate::effects::media::Media;
use crate::effects::text;
use crate::effects::text::Budget;
use crate::effects::text::Want;
use crate::effects::text_source::Source;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::Place;
use crate::scope::RelPath;
use crate::scope::Scope;
use crate::scope::spelling;
use crate::server::Act;
use crate::server::Inner;
use crate::tools::page::Mix;

/// By what a file is addressed.
pub(crate) fn templates() -> Vec<Template> {
    vec![Template {
        uri: TEMPLATE,
        name: "file",
        about: "A file or directory below a root.",
    }]
}

/// Lists each root and the files right below it. `after` is the URI that was listed last.
pub(crate) fn list(inner: &Inner, call: &Call, after: Option<&str>) -> Outcome<Page> {
    let after = after.map(|uri| inner.scope.place_of_uri(uri));
    let after = after.transpose().map_err(|_| Denial::StaleCursor)?;
    let most = inner.scope.limits().entries.count();
    let mut page = Page::default();
    let mut mix = Mix::new(call);
    for permit in inner.tops(call.caller().clearance) {
        let place = permit.place();
        let resume = match &after {
            Some(last) if last.index() > place.index() => continue,
            Some(last) if last.index() == place.index() => Some(last.path().clone()),
            Some(_) | None => None,
        };
        let options = Options {
            depth: 1,
            links: true,
            examine: true,
            after: resume.clone().filter(|path| !path.is_root()),
            ..Options::default()
        };
        let mut walk = inner.handles.walk(&permit, call, options)?;
        mix.looked_at(walk.label());
        if resume.is_none() {
            page.items.push(Resource {
                uri: place.uri(),
                name: format!("{}/", permit.root().name),
                mime: Some(DIRECTORY.to_owned()),
                size: None,
                modified: None,
                label: walk.label(),
            });
        }
        while let Some(entry) = walk.next()? {
            let Some(path) = RelPath::from_kernel(walk.path()) else {
                continue;
            };
            if entry.kind != Kind::File {
                continue;
            }
            if page.items.len() >= most || !mix.admits(entry.standing.name) {
                page.next = page.items.last().map(|last| last.uri.clone());
                break;
            }
            let file = place.at(path);
            page.items.push(Resource {
                uri: file.uri(),
                name: file.spelling(),
                mime: None,
                size: entry.meta.map(|meta| meta.size),
                modified: entry.meta.and_then(|meta| meta.modified_at()),
                label: entry.standing.label,
            });
        }
        call.touch(&place.uri(), mix.label())?;
        if page.next.is_some() {
            break;
        }
    }
    Ok(Labeled::new(page, mix.label()))
}

/// Reads a file, or the names in a directory.
pub(crate) fn read(inner: &Inner, call: &Call, uri: &str) -> Outcome<Vec<Contents>> {
    let look = permit(inner, call, uri, Scope::permit_look)?;
    let refused = |_: &Refusal| call.asked_for(&look.place().uri());
    let looked = inner.handles.look(&look).inspect_err(refused)?;
    let contents = match looked.kind {
        Kind::Directory => directory(inner, call, look.place()),
        Kind::File => file(inner, call, look.place()),
    };
    let contents = contents.inspect_err(refused)?;
    let label = contents.label;
    call.touch(&look.place().uri(), label)?;
    Ok(Labeled::new(vec![contents], label))
}

fn file(inner: &Inner, call: &Call, place: &Place) -> Result<Contents, Refusal> {
    let permit = inner.scope.permit_read(place, call.caller().clearance)?;
    let opened = inner.handles.open(&permit)?;
    let label = opened.found.standing().label;
    let limits = permit.limits();
    media::reserve(call, limits, media::length(opened.meta.size, (0, None)))?;
    let (file, _) = opened.into_file();
    let check = || call.check();
    let source = Source::new(&file, &check)?;
    let name = Path::new(OsStr::from_bytes(place.path().as_bytes()));
    let media = Media::of(source.head(), source.form(), name);
    let body = if media.kind == media::Kind::Text {
        let mut budget = Budget {
            bytes: limits.text_bytes.count(),
            lines: usize::MAX,
        };
        let all = Want::Bytes { from: 0, to: None };
        let part = text::read(&source, all, false, &mut budget, &inner.indexes)?;
        if part.next.is_some() {
            // a resource has no room to say that it is cut
            return Err(Denial::TooLarge("the resource; read_file gives it in parts").into());
        }
        Body::Text(part.text)
    } else {
        let mut room = limits.base64_bytes.count();
        Body::Blob(media::base64(&source, 0, None, &mut room)?)
    };
    call.count("fs.bytes", source.size());
    Ok(Contents {
        uri: place.uri(),
        mime: Some(media.mime.to_owned()),
        body,
        label,
        untrusted: !place.root().trusted,
    })
}

/// The names in a directory, one a line as `list_directory` writes them.
fn directory(inner: &Inner, call: &Call, place: &Place) -> Result<Contents, Refusal> {
    let permit = inner.scope.permit_walk(place, call.caller().clearance)?;
    let options = Options {
        depth: 1,
        hidden: true,
        ignored: true,
        links: true,
        examine: true,
        ..Options::default()
    };
    let mut walk = inner.handles.walk(&permit, call, options)?;
    let mut mix = Mix::new(call);
    mix.looked_at(walk.label());
    let mut text = String::new();
    let mut count = 0;
    while let Some(entry) = walk.next()? {
        place.spell(&mut text, walk.path());
        if entry.kind == Kind::Directory {
            text.push('/');
        }
        text.push('\n');
        count += 1;
        let limits = permit.limits();
        let mixes = mix.admits(entry.standing.name);
        if !mixes || count > limits.entries.count() || text.len() > limits.text_bytes.count() {
            return Err(Denial::TooLarge("the resource; list_directory gives it in pages").into());
        }
    }
    Ok(Contents {
        uri: place.uri(),
        mime: Some(DIRECTORY.to_owned()),
        body: Body::Text(text),
        label: mix.label(),
        untrusted: !place.root().trusted,
    })
}

/// Proposes names of roots, or paths that begin with what is typed.
pub(crate) fn complete(
    inner: &Inner,
    call: &Call,
    template: &str,
    variable: &str,
    typed: &str,
    known: &[(String, String)],
) -> Outcome<Vec<String>> {
    if template != TEMPLATE {
        return Err(Denial::NotFound.into());
    }
    let tops = inner.tops(call.caller().clearance);
    if variable == "root" {
        let mut mix = Mix::new(call);
        let mut names = Vec::new();
        for permit in tops.iter().filter(|top| top.root().name.starts_with(typed)) {
            let top = permit.root().rules.top(permit.clearance());
            mix.looked_at(top.map_or(Label::PUBLIC, |standing| standing.name));
            names.push(permit.root().name.clone());
        }
        names.truncate(PROPOSALS);
        return Ok(Labeled::new(names, mix.label()));
    }
    let root = known.iter().find(|(name, _)| name == "root");
    let root = root.map(|(_, root)| root.as_str());
    let nothing = Labeled::new(Vec::new(), Label::PUBLIC);
    let named = |top: &&Permit| root.is_none_or(|root| top.root().name == root);
    let Some(top) = tops.iter().find(named).filter(|_| variable == "path") else {
        return Ok(nothing);
    };
    // what follows the last slash is the beginning of a name
    let (above, name) = typed.rsplit_once('/').unwrap_or(("", typed));
    let name = spelling::percent_decode(name);
    let (Some(above), Some(name)) = (RelPath::from_uri(above), name) else {
        return Ok(nothing);
    };
    match proposals(inner, call, &top.place().at(above), &name) {
        // what is not there has nothing below it
        Err(Refusal::Denied(denial)) if hides(denial) => Ok(nothing),
        other => other,
    }
}

fn proposals(inner: &Inner, call: &Call, place: &Place, name: &[u8]) -> Outcome<Vec<String>> {
    let permit = inner.scope.permit_walk(place, call.caller().clearance)?;
    let options = Options {
        depth: 1,
        hidden: name.starts_with(b"."),
        links: true,
        examine: true,
        ..Options::default()
    };
    let mut walk = inner.handles.walk(&permit, call, options)?;
    let mut mix = Mix::new(call);
    mix.looked_at(walk.label());
    let mut found = Vec::new();
    while let Some(entry) = walk.next_where(|path| path.starts_with(name))? {
        if !mix.admits(entry.standing.name) {
            continue;
        }
        let mut text = String::new();
        spelling::percent_encode(&mut text, walk.path());
        if entry.kind == Kind::Directory {
            text.push('/');
        }
        found.push(text);
        if found.len() == PROPOSALS {
            break;
        }
    }
    call.touch(&place.uri(), mix.label())?;
    Ok(Labeled::new(found, mix.label()))
}

/// Watches a file or directory.
pub(crate) fn watch(inner: &Inner, call: &Call, uri: String, changes: Changes) -> Outcome<Watch> {
    let permit = permit(inner, call, &uri, Scope::permit_look)?;
    let refused = |_: &Refusal| call.asked_for(&permit.place().uri());
    let looked = inner.handles.look(&permit).inspect_err(refused)?;
    let standing = looked.found.standing();
    if !standing.readable {
        call.asked_for(&permit.place().uri());
        return Err(Denial::NotCleared.into());
    }
    let tell = move || changes.tell(&uri);
    let watch = inner
        .handles
        .watch(&inner.watcher, &permit, &looked, tell)?;
    call.touch(&permit.place().uri(), standing.label)?;
    Ok(Labeled::new(Watch::new(watch), standing.label))
}

fn permit(inner: &Inner, call: &Call, uri: &str, act: Act) -> Result<Permit, Denial> {
    let place = inner.scope.place_of_uri(uri)?;
    act(&inner.scope, &place, call.caller().clearance).inspect_err(|_| {
        call.asked_for(&place.uri());
        inner.handles.look_in_vain(place.index());
    })
}

fn hides(denial: Denial) -> bool {
    denial.code() == Denial::NotFound.code() || matches!(denial, Denial::Unsuitable(_))
}

const TEMPLATE: &str = "fs://{root}/{+path}";
const DIRECTORY: &str = "inode/directory";
const PROPOSALS: usize = 100;

#[cfg(test)]
mod tests;
