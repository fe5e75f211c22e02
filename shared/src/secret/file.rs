//! `file:/PATH`: a file that only its owner can read.
//!
//! # Invariants
//!
//! - The file is opened once; its kind and permissions are those of the open descriptor.
//! - A symbolic link in the last place is refused, unless a supervisor filled the directory: an
//!   orchestrator mounts links, and those must stay in there.

use std::path::Component;
use std::path::Path;

use rustix::fs::Mode;

use super::Loaded;
use super::Provider;
use super::Providers;
use super::Reach;
use super::Secret;
use super::Trouble;
use super::value::MAX_BYTES;
use crate::small_file::Links;
use crate::small_file::SmallFile;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "file",
    form: "file:/PATH",
    accepts,
    missing: None,
    load: |path, providers| load(Path::new(path), providers).map(Loaded::from),
    reach: |path, _| Reach::file(Path::new(path)),
    variables: super::cred::PROVIDER.variables,
    stamp: Some(|path, providers| open(Path::new(path), providers).ok()?.stamp()),
    write: None,
};

fn accepts(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    path.len() <= 4095
        && !path.contains(char::is_control)
        && !path.ends_with('/')
        && parts.next() == Some(Component::RootDir)
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn load(path: &Path, providers: &Providers) -> Result<Secret, Trouble> {
    read(open(path, providers)?)
}

/// The file, if nobody but its owner or a supervisor decides what it says.
fn open(path: &Path, providers: &Providers) -> Result<SmallFile, Trouble> {
    for dir in providers.supervised() {
        if let Ok(name) = path.strip_prefix(&dir) {
            return Ok(SmallFile::open_beneath(&dir, name.as_os_str())?);
        }
    }
    let file = SmallFile::open(path, Links::Refuse)?;
    if file.mode().intersects(OTHERS) {
        return Err(Trouble::Exposed);
    }
    Ok(file)
}

/// All of the file as a secret, which may end in a newline.
pub(super) fn read(file: SmallFile) -> Result<Secret, Trouble> {
    let mut bytes = file.read(MAX_BYTES)?;
    Secret::new(std::mem::take(&mut *bytes))
}

/// Who may write a secret may replace it.
const OTHERS: Mode = Mode::RGRP
    .union(Mode::WGRP)
    .union(Mode::ROTH)
    .union(Mode::WOTH);
