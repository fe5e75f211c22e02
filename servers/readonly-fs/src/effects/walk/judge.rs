//! What an entry of a walk is to its reader.
//!
//! # Invariants
//!
//! - An entry that does not exist for the reader, by its label or by the root's rules on links,
//!   hard links and mounts, is nothing.
//! - A link is judged as if what it leads to had been asked for.

use rustix::fs::FileType;

use guard::error::Refusal;

use super::Entry;
use super::Walk;
use crate::effects::meta::Meta;
use crate::effects::meta::kind_of;
use crate::effects::open::look;
use crate::scope::Found;
use crate::scope::Kind;
use crate::scope::RelPath;
use crate::scope::Symlinks;

impl Walk<'_> {
    /// What the path at hand is to the reader, if anything.
    pub(super) fn judge(
        &self,
        seen: FileType,
        wanted: bool,
    ) -> Result<Option<(Entry, Found)>, Refusal> {
        let Some(frame) = self.frames.last() else {
            return Ok(None);
        };
        let name = self.asked.get(frame.asked..).unwrap_or_default();
        let mut meta = None;
        let mut kind = kind_of(seen);
        let mut is_link = seen.is_symlink();
        if seen == FileType::Unknown || self.options.examine && wanted && kind.is_some() {
            let Ok(found) = Meta::of_entry(&frame.dir, name) else {
                return Ok(None);
            };
            (meta, kind, is_link) = (Some(found), found.kind, found.is_link);
        }
        let is_ignored =
            |kind| !self.options.ignored && self.ignored.has(&self.asked, kind == Kind::Directory);
        if is_link {
            if !wanted {
                return Ok(None);
            }
            let entry = self.judge_link()?;
            return Ok(entry.filter(|(entry, _)| !is_ignored(entry.kind)));
        }
        let Some(kind) = kind else {
            return Ok(None);
        };
        if meta.is_some_and(|meta| !self.belongs(&meta, kind)) || is_ignored(kind) {
            return Ok(None);
        }
        let found = self
            .permit
            .child(&frame.found, &self.asked, &self.real, kind);
        Ok(found.map(|found| {
            let standing = found.standing();
            let entry = Entry {
                kind,
                meta,
                standing,
            };
            (entry, found)
        }))
    }

    /// A link is what it leads to, resolved and judged as if it had been asked for.
    fn judge_link(&self) -> Result<Option<(Entry, Found)>, Refusal> {
        if !self.options.links || self.permit.root().symlinks == Symlinks::Never {
            return Ok(None);
        }
        let permit = RelPath::from_kernel(&self.asked).map(|path| self.permit.look_at(path));
        let Some(Ok(permit)) = permit else {
            return Ok(None);
        };
        match look(self.root, &permit) {
            Ok(opened) => {
                let entry = Entry {
                    kind: opened.kind,
                    meta: Some(opened.meta),
                    standing: opened.found.standing(),
                };
                Ok(Some((entry, opened.found)))
            }
            Err(Refusal::Denied(_)) => Ok(None),
            Err(failed @ Refusal::Failed(_)) => Err(failed),
        }
    }
}
