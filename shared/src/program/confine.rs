//! Which process the kernel holds down, when, and what is said of it.
//!
//! # Invariants
//!
//! - What steers the server, signs its trail or holds a secret of it is never readable through it.
//! - Whatever is not enforced is told at the start, on standard error.

use std::path::Path;
use std::path::PathBuf;

use super::Program;
use super::Start;
use super::StartError;
use super::start::policy_file;
use crate::sandbox;
use crate::sandbox::Enforced;
use crate::sandbox::Mode;
use crate::sandbox::Profile;
use crate::secret::holding;
use crate::serve::logging::START;

impl<P: Program> Start<'_, P> {
    /// How much the kernel must enforce: as the command line says, else the configuration.
    pub(super) fn sandbox_mode(&self) -> Mode {
        self.common
            .sandbox
            .unwrap_or(P::common(self.config).sandbox)
    }

    /// Holds the process down; there is no way back.
    pub(super) fn confine(&self, server: &P::Server) -> Result<Enforced, StartError> {
        let (profile, mode) = (self.whole_profile(server)?, self.sandbox_mode());
        let entered = sandbox::enter(&profile, mode);
        let enforced = entered.map_err(|cause| StartError::step("shut the sandbox", cause))?;
        if enforced.is_whole() {
            tracing::info!(target: START, "sandbox: {enforced}");
        } else {
            tracing::warn!(target: START, "sandbox: {enforced}");
        }
        Ok(enforced)
    }

    /// What [`Start::confine`] would enforce.
    pub(super) fn foreseen(&self, server: &P::Server) -> Result<Enforced, StartError> {
        let profile = self.whole_profile(server)?;
        Ok(sandbox::foresee(&profile, self.sandbox_mode()))
    }

    /// What the server needs, and what every server does.
    pub(super) fn whole_profile(&self, server: &P::Server) -> Result<Profile, StartError> {
        let settings = P::common(self.config);
        let profile = P::profile(self, server);
        let steering = self.steering();
        let steering = steering.iter().map(PathBuf::as_path);
        sandbox::keep_out(&profile, steering)
            .map_err(|cause| StartError::step("keep the server's own files apart", cause))?;
        let policy = policy_file(self.common, settings, self.source);
        let profile = policy
            .iter()
            .flat_map(|policy| self.around(policy))
            .fold(profile, Profile::read_beneath);
        Ok(profile
            .append_beneath(self.audit_dir)
            .started_with(self.stray.to_vec())
            .allow_root(self.common.allow_root || settings.allow_root))
    }

    /// What must be readable so that the policy can be read again: the directories that hold it,
    /// since editors replace a file by renaming; the file alone where a secret lies beside it.
    fn around(&self, policy: &Path) -> Vec<PathBuf> {
        let secrets = self.secret_files();
        let apart = |directory: &PathBuf| {
            let inside = |file: &PathBuf| holding(file).any(|holds| holds.starts_with(directory));
            !secrets.iter().any(inside)
        };
        let directories: Vec<PathBuf> = holding(policy).collect();
        if !directories.is_empty() && directories.iter().all(apart) {
            return directories;
        }
        vec![policy.to_owned()]
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        let settings = P::common(self.config);
        let mut secrets = P::secrets(self.config);
        secrets.extend(settings.audit.secrets());
        let kept = secrets.iter().filter_map(|secret| secret.file());
        let kept = kept.map(Path::to_owned);
        kept.chain(settings.secrets.files()).collect()
    }

    /// The files that steer this server, and those of its secrets.
    pub(super) fn steering(&self) -> Vec<PathBuf> {
        let settings = P::common(self.config);
        let mut files: Vec<PathBuf> = self.common.config.iter().cloned().collect();
        files.extend(policy_file(self.common, settings, self.source));
        files.extend(self.secret_files());
        files
    }
}
