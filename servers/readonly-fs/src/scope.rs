//! Decides what each reader may see of the roots. Pure: no file is touched here.
//!
//! # Invariants
//!
//! - A [`Permit`] is made only by the `permit_*` functions of [`Scope`], for one reader, one path
//!   and one act, and carries the limits of that act.
//! - What is listed is what may be read, unless a rule grants `visible` apart (`laws.rs`).
//! - A permit holds for what was asked. What the kernel then found under that path must pass
//!   [`Permit::confirm`] as well.

pub mod glob;
#[cfg(test)]
mod laws;
mod path;
mod place;
mod rules;
pub mod spelling;

use std::sync::Arc;

use serde::Deserialize;

use guard::error::Denial;
use guard::label::Clearance;
use guard::label::Label;

use crate::config::Limits;

pub use path::RelPath;
pub use place::Place;
pub(crate) use place::SCHEME;
pub use rules::InvalidRule;
pub use rules::Kind;
pub use rules::Rule;
pub use rules::Rules;
pub use rules::Standing;

/// All that this server may reach. Without roots it permits nothing.
#[derive(Debug)]
pub struct Scope {
    roots: Vec<Arc<Root>>,
    limits: Limits,
}

/// What is decided about one root.
#[derive(Debug)]
pub struct Root {
    /// What clients call it.
    pub name: String,
    /// The labels of what is in it.
    pub rules: Rules,
    /// The label of what no rule covers.
    pub label: Label,
    /// Whether its content is the operator's own.
    pub trusted: bool,
    /// Whether what is mounted below it belongs to it.
    pub mounts: bool,
    /// Whether symbolic links are followed.
    pub symlinks: Symlinks,
    /// Whether files with a second name may be read.
    pub hard_links: HardLinks,
    /// Whether its disk takes two spellings for one name.
    pub folds: bool,
}

/// What is done about symbolic links.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Symlinks {
    /// Followed while they lead to something inside the root.
    #[default]
    Inside,
    /// As if they were not there.
    Never,
}

/// What is done about regular files that have more than one name: the other one may be outside.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum HardLinks {
    /// As if they were not there.
    #[default]
    Deny,
    /// Like any other file.
    Allow,
}

/// Leave to do one thing with one path.
#[derive(Clone, Debug)]
pub struct Permit {
    place: Place,
    clearance: Clearance,
    act: Act,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Act {
    Look,
    Read,
    Walk,
}

impl Scope {
    /// The scope of these roots.
    #[must_use]
    pub fn new(roots: Vec<Root>, limits: Limits) -> Self {
        Self {
            roots: roots.into_iter().map(Arc::new).collect(),
            limits,
        }
    }

    /// The roots, in the order of the configuration.
    #[must_use]
    pub fn roots(&self) -> &[Arc<Root>] {
        &self.roots
    }

    /// The limits of every request.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Leave to tell what kind of thing is at `place`, how large and how old.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if it does not exist for this reader.
    pub fn permit_look(&self, place: &Place, clearance: Clearance) -> Result<Permit, Denial> {
        self.permit(place, clearance, Act::Look)
    }

    /// Leave to read the file at `place`.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if the reader may not have its content.
    pub fn permit_read(&self, place: &Place, clearance: Clearance) -> Result<Permit, Denial> {
        self.permit(place, clearance, Act::Read)
    }

    /// Leave to walk the directory at `place` and all below it that exists for this reader.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if it does not exist for this reader.
    pub fn permit_walk(&self, place: &Place, clearance: Clearance) -> Result<Permit, Denial> {
        self.permit(place, clearance, Act::Walk)
    }

    fn permit(&self, place: &Place, clearance: Clearance, act: Act) -> Result<Permit, Denial> {
        Permit::new(place.clone(), clearance, act, self.limits)
    }
}

impl Permit {
    /// Where it holds.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// What is decided about the root.
    #[must_use]
    pub fn root(&self) -> &Root {
        self.place.root()
    }

    /// The reader's clearance.
    #[must_use]
    pub const fn clearance(&self) -> Clearance {
        self.clearance
    }

    /// How far it goes.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Leave to look at another path of the root: what a link in a walk leads to.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if that does not exist for this reader.
    pub(crate) fn look_at(&self, path: RelPath) -> Result<Self, Denial> {
        self.elsewhere(path, Act::Look)
    }

    /// Leave to read another file of the root: what says which entries a walk leaves out.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if that does not exist for this reader.
    pub(crate) fn read_at(&self, path: RelPath) -> Result<Self, Denial> {
        self.elsewhere(path, Act::Read)
    }

    fn elsewhere(&self, path: RelPath, act: Act) -> Result<Self, Denial> {
        let place = self.place.at(path);
        Self::new(place, self.clearance, act, self.limits)
    }

    fn new(place: Place, clearance: Clearance, act: Act, limits: Limits) -> Result<Self, Denial> {
        let permit = Self {
            place,
            clearance,
            act,
            limits,
        };
        // what is there is not known yet; it must be possible for a file or for a directory
        let possible = |kind| permit.judge(permit.place.path(), kind).is_ok();
        if possible(Kind::Directory) || possible(Kind::File) {
            Ok(permit)
        } else {
            Err(Denial::NotCleared)
        }
    }

    /// Decides about what the kernel found: a thing of this `kind`, whose own path is
    /// `resolved`, and which has `names` names. Both paths must allow the act; the standing is
    /// that of both.
    ///
    /// # Errors
    ///
    /// A denial that reads like "not found" if it does not exist for this reader, or
    /// [`Denial::Unsuitable`] if it does and is of the wrong kind.
    pub fn confirm(&self, kind: Kind, resolved: &RelPath, names: u64) -> Result<Found, Denial> {
        if kind == Kind::File && names > 1 && self.root().hard_links == HardLinks::Deny {
            return Err(Denial::OutOfScope);
        }
        let asked = self.judge(self.place.path(), kind)?;
        let real = if resolved == self.place.path() {
            None
        } else {
            Some(self.judge(resolved, kind)?)
        };
        let found = self.found(asked, real, kind).ok_or(Denial::NotCleared)?;
        match (self.act, kind) {
            (Act::Read, Kind::Directory) => Err(Denial::Unsuitable(
                "this is a directory: use list_directory",
            )),
            (Act::Walk, Kind::File) => Err(Denial::Unsuitable("this is a file: use read_file")),
            (Act::Read, Kind::File) if !found.standing().readable => Err(Denial::NotCleared),
            (Act::Look | Act::Read | Act::Walk, Kind::File | Kind::Directory) => Ok(found),
        }
    }

    /// Whether the reader may get to know of what is at `path`, on the way to something else.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if it does not exist for them.
    pub(crate) fn pass(&self, path: &RelPath, kind: Kind) -> Result<(), Denial> {
        let standing = self
            .root()
            .rules
            .find(path.as_bytes(), kind, self.clearance);
        standing.map(|_| ()).ok_or(Denial::NotCleared)
    }

    /// What the entry of the directory `above` is to the reader, under the path by which it was
    /// reached and, where links led there, under its own.
    pub(crate) fn child(
        &self,
        above: &Found,
        asked: &[u8],
        real: &[u8],
        kind: Kind,
    ) -> Option<Found> {
        let rules = &self.root().rules;
        let asked = rules.enter(&above.asked, asked, kind, self.clearance)?;
        let real = match &above.real {
            Some(above) => Some(rules.enter(above, real, kind, self.clearance)?),
            None => None,
        };
        self.found(asked, real, kind)
    }

    /// Both standings of one thing together. A reader of several roles may be cleared for each
    /// of two labels and not for what has both.
    fn found(&self, asked: Standing, real: Option<Standing>, kind: Kind) -> Option<Found> {
        let mut both = real.map_or(asked, |real| asked.and(real));
        both.readable &= kind == Kind::Directory || both.label.flows_to(self.clearance);
        let found = Found { asked, real, both };
        both.name.flows_to(self.clearance).then_some(found)
    }

    fn judge(&self, path: &RelPath, kind: Kind) -> Result<Standing, Denial> {
        let rules = &self.root().rules;
        let standing = rules.find(path.as_bytes(), kind, self.clearance);
        standing.ok_or(Denial::NotCleared)
    }
}

/// What a thing is to the reader under the path that was asked for, and under its own where
/// that is another.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    asked: Standing,
    real: Option<Standing>,
    both: Standing,
}

impl Found {
    /// Both taken together.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.both
    }
}
