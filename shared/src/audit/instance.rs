//! Which processes write a chain, which of them are dead, and what the dead left open.
//!
//! Each process holds a lock on a file of its own for as long as it lives; the kernel gives it
//! back however the process ends. Before the first intent the file says where in the chain to
//! look for intents, so a recovery reads no more than it must.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use rustix::fs::FlockOperation;
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::Deserialize;
use uuid::Uuid;

use super::chain::Line;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::instance_name;
use super::directory::segment_name;
use super::segment;
use super::segment::From;
use super::trouble::Trouble;
use super::trouble::system;

/// What a record means for the intents of its process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// The intent of that id was announced.
    Begins(Uuid),
    /// It is known how the intent of that id ended.
    Ends(Uuid),
}

/// The file of this process.
#[derive(Debug)]
pub(super) struct Instance {
    fd: OwnedFd,
    name: String,
    /// The segment and byte that the file names.
    noted: Option<(u64, u64)>,
    open: BTreeSet<Uuid>,
}

/// The file of a dead process, locked so that nobody else recovers from it.
#[derive(Debug)]
pub(super) struct Dead {
    _locked: OwnedFd,
    name: String,
    id: String,
    noted: Option<(u64, u64)>,
}

impl Instance {
    /// Makes the file of the process `id`. The chain is held.
    pub(super) fn create(directory: &Directory, id: Uuid) -> Result<Self, Trouble> {
        let name = instance_name(&id.to_string());
        let fd = directory.create_file(&name, "make the file of this process")?;
        rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)
            .map_err(system("lock the file of this process"))?;
        Ok(Self {
            fd,
            name,
            noted: None,
            open: BTreeSet::new(),
        })
    }

    /// Makes sure, before `effects` are written at `segment` and `at`, that they will be found.
    pub(super) fn announce(
        &mut self,
        effects: impl Iterator<Item = Effect>,
        segment: u64,
        at: u64,
    ) -> Result<(), Trouble> {
        let mut effects = effects;
        if self.open.is_empty() && self.noted.is_some_and(|(noted, _)| noted < segment) {
            self.noted = None;
        }
        if self.noted.is_none() && effects.any(|effect| matches!(effect, Effect::Begins(_))) {
            let failed = system("note the first intent");
            // the file is opened to append, so it is emptied and not written over
            rustix::fs::ftruncate(&self.fd, 0).map_err(&failed)?;
            let text = format!("{segment} {at}\n");
            let written = rustix::io::write(&self.fd, text.as_bytes()).map_err(&failed)?;
            if written != text.len() {
                return Err(failed(Errno::NOSPC));
            }
            rustix::fs::fsync(&self.fd).map_err(&failed)?;
            self.noted = Some((segment, at));
        }
        Ok(())
    }

    /// Keeps in mind what was written.
    pub(super) fn written(&mut self, effects: impl Iterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::None => {}
                Effect::Begins(id) => {
                    self.open.insert(id);
                }
                Effect::Ends(id) => {
                    self.open.remove(&id);
                }
            }
        }
    }

    /// Intents of which it is not known how they ended.
    pub(super) fn open_intents(&self) -> Vec<Uuid> {
        self.open.iter().copied().collect()
    }

    /// The process ends, and nothing is left to recover.
    pub(super) fn remove(&self, directory: &Directory) {
        if self.open.is_empty() {
            // where a sandbox forbids it, the next start removes it
            let _removed = directory.remove(&self.name);
        }
    }
}

/// The first segment in which a process, alive or dead, may have left an intent open.
pub(super) fn earliest_noted(directory: &Directory) -> Result<Option<u64>, Trouble> {
    let mut earliest: Option<u64> = None;
    for entry in directory.entries()? {
        let Entry::Instance(id) = entry else { continue };
        let name = instance_name(&id);
        match directory.open_file(&name, "open the file of a process", OFlags::RDONLY) {
            // it ended meanwhile
            Err(trouble) if trouble.is_absence() => {}
            other => {
                let noted = noted(&other?)?.map(|(segment, _)| segment);
                earliest = [earliest, noted].into_iter().flatten().min();
            }
        }
    }
    Ok(earliest)
}

impl Dead {
    /// The files of processes that live no more. The chain is held.
    pub(super) fn all(directory: &Directory) -> Result<Vec<Self>, Trouble> {
        let mut dead = Vec::new();
        for entry in directory.entries()? {
            if let Entry::Instance(id) = entry {
                dead.extend(Self::one(directory, id)?);
            }
        }
        Ok(dead)
    }

    fn one(directory: &Directory, id: String) -> Result<Option<Self>, Trouble> {
        let name = instance_name(&id);
        let fd = directory.open_file(&name, "open the file of a process", OFlags::RDONLY)?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Ok(None),
            other => other.map_err(system("lock the file of a process"))?,
        }
        let noted = noted(&fd)?;
        Ok(Some(Self {
            _locked: fd,
            name,
            id,
            noted,
        }))
    }

    /// The intents that this process left without an outcome.
    pub(super) fn open_intents(
        &self,
        directory: &Directory,
        chain: &str,
    ) -> Result<Vec<Uuid>, Trouble> {
        let Some((mut number, mut at)) = self.noted else {
            return Ok(Vec::new());
        };
        let mut open = BTreeSet::new();
        loop {
            let access = OFlags::RDONLY;
            let name = segment_name(chain, number);
            let fd = match directory.open_file(&name, "open a segment", access) {
                Err(trouble) if trouble.is_absence() => break,
                other => other?,
            };
            let from = From {
                chain,
                number,
                at,
                last: None,
            };
            segment::walk(&fd, from, &mut None, |good| {
                match self.effect(good.line) {
                    Effect::None => {}
                    Effect::Begins(id) => {
                        open.insert(id);
                    }
                    Effect::Ends(id) => {
                        open.remove(&id);
                    }
                }
                Ok(())
            })
            .map_err(system("read a segment"))?;
            (number, at) = (number + 1, 0);
        }
        Ok(open.into_iter().collect())
    }

    /// What was left open is recorded by now.
    pub(super) fn remove(&self, directory: &Directory) -> Result<(), Trouble> {
        match directory.remove(&self.name) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(cause) => Err(system("remove the file of a process")(cause)),
        }
    }

    fn effect(&self, line: &Line<'_>) -> Effect {
        let phased = line.body.windows(PHASE.len()).any(|at| at == PHASE);
        let Some((b',', body)) = line.body.split_first().filter(|_| phased) else {
            return Effect::None;
        };
        let object = [b"{", body, b"}"].concat();
        match serde_json::from_slice::<Phased>(&object) {
            Ok(found) => match found.intent {
                Some(intent) => Effect::Ends(intent),
                None if found.phase == "intent" && found.instance == self.id => {
                    Effect::Begins(found.id)
                }
                None => Effect::None,
            },
            Err(_) => Effect::None,
        }
    }
}

#[derive(Deserialize)]
struct Phased {
    #[serde(deserialize_with = "uuid")]
    id: Uuid,
    phase: String,
    #[serde(rename = "ref", default, deserialize_with = "some_uuid")]
    intent: Option<Uuid>,
    #[serde(rename = "server.instance")]
    instance: String,
}

fn uuid<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(from)?;
    Uuid::parse_str(&text).map_err(serde::de::Error::custom)
}

fn some_uuid<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Uuid>, D::Error> {
    uuid(from).map(Some)
}

/// The segment and byte that the file of a process names.
fn noted(fd: &OwnedFd) -> Result<Option<(u64, u64)>, Trouble> {
    let mut bytes = [0; 64];
    let read =
        rustix::io::pread(fd, &mut bytes, 0).map_err(system("read the file of a process"))?;
    let text = bytes.get(..read).unwrap_or_default();
    match text.strip_suffix(b"\n") {
        Some(text) => parse(text)
            .map(Some)
            .ok_or(Trouble::Damaged("the file of a process")),
        // empty, or torn before the first intent was written
        None => Ok(None),
    }
}

fn parse(text: &[u8]) -> Option<(u64, u64)> {
    let (segment, at) = str::from_utf8(text).ok()?.split_once(' ')?;
    Some((segment.parse().ok()?, at.parse().ok()?))
}

/// Stands in no text, for there every `"` is escaped.
const PHASE: &[u8] = b",\"phase\":\"";
