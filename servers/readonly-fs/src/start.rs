//! From the configuration and the arguments to a server whose roots are open.

use std::path::PathBuf;

use guard::config::ConfigError;
use guard::config::Source;
use guard::label::Label;
use guard::label::Taxonomy;

use crate::config;
use crate::config::Config;
use crate::config::RootArgument;
use crate::effects::Handle;
use crate::effects::Handles;
use crate::effects::RootTrouble;
use crate::scope::HardLinks;
use crate::scope::Root;
use crate::scope::Rules;
use crate::scope::Scope;
use crate::scope::Symlinks;
use crate::server::ReadonlyFs;

/// Why the server cannot start. For the operator, so it may name paths.
#[derive(Debug, thiserror::Error)]
pub enum StartTrouble {
    /// The configuration says something impossible.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing to serve.
    #[error("no root is given")]
    NoRoots,
    /// A root that was given as an argument has no usable name.
    #[error("`{}` needs a name: write NAME={} ({})", .0.display(), .0.display(), config::INVALID_NAME)]
    Unnamed(PathBuf),
    /// Two roots of one name.
    #[error("two roots have the name `{0}`")]
    SameName(String),
    /// A root cannot be opened.
    #[error("root `{}`: {trouble}", path.display())]
    Root {
        /// As the operator wrote it.
        path: PathBuf,
        /// Why.
        trouble: RootTrouble,
    },
}

impl ReadonlyFs {
    /// Opens the roots of the configuration and of the arguments.
    ///
    /// What has no label of its own is `unlabelled`, which for roots that are given as arguments
    /// is the operator's `--label`.
    ///
    /// # Errors
    ///
    /// The first thing that keeps the server from starting.
    pub fn open(
        config: &Config,
        source: &Source,
        arguments: &[RootArgument],
        known: Taxonomy,
        unlabelled: Label,
    ) -> Result<Self, StartTrouble> {
        let mut roots = Vec::new();
        let mut opened = Vec::new();
        let mut paths = Vec::new();
        for root in &config.roots {
            let path = root.resolved(source);
            let handle = open(&path)?;
            let folds = root.fold_case.unwrap_or(handle.folds());
            roots.push(root.rules(source, &known, unlabelled, folds)?);
            opened.push(handle);
            paths.push(path);
        }
        for argument in arguments {
            let handle = open(&argument.path)?;
            roots.push(plain(argument, &handle, unlabelled)?);
            opened.push(handle);
            paths.push(argument.path.clone());
        }
        if roots.is_empty() {
            return Err(StartTrouble::NoRoots);
        }
        for (at, root) in roots.iter().enumerate() {
            if roots.iter().take(at).any(|other| other.name == root.name) {
                return Err(StartTrouble::SameName(root.name.clone()));
            }
        }
        for (handle, root) in opened.iter().zip(&roots) {
            if opened.iter().any(|other| handle.is_below(other)) {
                let name = root.name.as_str();
                tracing::warn!(
                    root = name,
                    "a root lies in another: each labels it by its own rules"
                );
            }
        }
        let handles = Handles::new(opened).map_err(|(at, trouble)| StartTrouble::Root {
            path: paths.get(at).cloned().unwrap_or_default(),
            trouble,
        })?;
        Ok(Self::new(Scope::new(roots, config.limits), handles, known))
    }
}

fn open(path: &std::path::Path) -> Result<Handle, StartTrouble> {
    Handle::open(path).map_err(|trouble| StartTrouble::Root {
        path: path.to_owned(),
        trouble,
    })
}

/// A root without rules: one label for all of it.
fn plain(argument: &RootArgument, handle: &Handle, label: Label) -> Result<Root, StartTrouble> {
    let unnamed = || StartTrouble::Unnamed(argument.path.clone());
    let name = match &argument.name {
        Some(name) => name.clone(),
        // `.` and links are named by what they are
        None => config::name_of(&argument.path)
            .or_else(|| config::name_of(&handle.path()))
            .ok_or_else(unnamed)?,
    };
    let folds = handle.folds();
    let rules = Rules::new(label, &[], folds).map_err(|_| unnamed())?;
    Ok(Root {
        name,
        rules,
        label,
        trusted: false,
        mounts: false,
        symlinks: Symlinks::Inside,
        hard_links: HardLinks::Deny,
        folds,
    })
}
