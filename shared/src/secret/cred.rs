//! `cred:NAME`: what a supervisor handed to this process: a systemd credential, or a secret that
//! Docker or Kubernetes mounted. The first directory that has the name decides.

use super::Loaded;
use super::Provider;
use super::Providers;
use super::Reach;
use super::Stamp;
use super::Trouble;
use super::file;
use crate::small_file::FileTrouble;
use crate::small_file::SmallFile;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "cred",
    form: "cred:NAME",
    accepts,
    missing: None,
    load,
    reach: |_, providers| Reach {
        directories: providers.supervised().filter(|dir| dir.is_dir()).collect(),
        ..Reach::default()
    },
    variables: &["CREDENTIALS_DIRECTORY"],
    stamp: Some(stamp),
    write: None,
};

fn accepts(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=255).contains(&name.len()) && !name.starts_with('.') && name.chars().all(fine)
}

fn stamp(name: &str, providers: &Providers) -> Option<Stamp> {
    let mut dirs = providers.supervised();
    dirs.find_map(|dir| SmallFile::open_beneath(&dir, name.as_ref()).ok()?.stamp())
}

fn load(name: &str, providers: &Providers) -> Result<Loaded, Trouble> {
    for dir in providers.supervised() {
        match SmallFile::open_beneath(&dir, name.as_ref()) {
            Ok(file) => return file::read(file).map(Loaded::from),
            Err(FileTrouble::System(std::io::ErrorKind::NotFound)) => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Err(Trouble::Absent(
        "neither $CREDENTIALS_DIRECTORY nor /run/secrets has it; give LoadCredential= or mount it",
    ))
}
