//! Which ignore files are in force in a walk: those that its reader may read.

use std::io::Read;
use std::os::fd::OwnedFd;

use guard::error::Refusal;

use super::Walk;
use super::enter::depth_of;
use crate::effects::Handles;
use crate::effects::ignored::ONE_FILE;
use crate::effects::meta::Meta;
use crate::effects::names::Names;
use crate::scope::Found;
use crate::scope::Kind;
use crate::scope::RelPath;

impl Walk<'_> {
    /// Brings the ignore files of the directory at hand into force, as far as the reader may
    /// read them.
    pub(super) fn honour(
        &mut self,
        dir: &OwnedFd,
        found: &Found,
        names: &Names,
    ) -> Result<(), Refusal> {
        let mut texts = [Vec::new(), Vec::new()];
        let wanted = [names.gitignore, names.ignore];
        for ((text, name), wanted) in texts.iter_mut().zip(IGNORE_FILES).zip(wanted) {
            if !wanted {
                continue;
            }
            let asked = [self.asked.as_slice(), name].concat();
            let real = [self.real.as_slice(), name].concat();
            let file = self.permit.child(found, &asked, &real, Kind::File);
            if file.is_some_and(|file| file.standing().readable)
                && let Some((fd, meta)) = self.open_in(dir, name, Kind::File)?
            {
                *text = small(fd, &meta);
            }
        }
        let [git, own] = texts;
        let depth = depth_of(&self.asked, self.asked.len());
        self.ignored.push(depth, self.asked.len(), &git, &own);
        Ok(())
    }

    /// The same for the directories above the start.
    pub(super) fn honour_from_above(&mut self, handles: &Handles) {
        let start = self.permit.place().path();
        let mut above = RelPath::default();
        for name in start.components() {
            let text = |file: &[u8]| {
                let permit = self.permit.read_at(above.child(file)?).ok()?;
                let opened = handles.open(&permit).ok()?;
                Some(small(opened.fd, &opened.meta))
            };
            let [git, own] = IGNORE_FILES.map(|file| text(file).unwrap_or_default());
            let length = above.as_bytes().len() + usize::from(!above.is_root());
            self.ignored.push(above.depth(), length, &git, &own);
            let Some(next) = above.child(name) else {
                return;
            };
            above = next;
        }
    }
}

/// The text of an ignore file; none if it is too large to be one.
#[expect(clippy::disallowed_types, reason = "this is an effect")]
fn small(fd: OwnedFd, meta: &Meta) -> Vec<u8> {
    let mut text = Vec::new();
    let most = u64::try_from(ONE_FILE).unwrap_or(u64::MAX);
    if meta.size <= most {
        let read = std::fs::File::from(fd).take(most).read_to_end(&mut text);
        if read.is_err() {
            text.clear();
        }
    }
    text
}

const IGNORE_FILES: [&[u8]; 2] = [b".gitignore", b".ignore"];
