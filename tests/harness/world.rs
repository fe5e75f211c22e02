//! A directory that lives as long as a test: what is served, what is not, and the trail.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use tempfile::TempDir;

use crate::Era;
use crate::Raw;
use crate::Trail;
use crate::bin;
use crate::raw::Ended;
use crate::verify;

/// What no client may ever see. Tests put it where it must not be reached, and never send it.
pub const CANARY: &str = "canary-4b1d-do-not-tell";

/// The directory: `root/` is served as `docs`, `outside/secret.txt` holds the canary.
#[derive(Debug)]
pub struct World {
    dir: TempDir,
}

impl World {
    /// A world with an empty root and a secret beside it.
    #[must_use]
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// The same in memory, where there is such a place: for what makes many files.
    #[must_use]
    pub fn in_memory() -> Self {
        let shm = Path::new("/dev/shm");
        if shm.is_dir() {
            Self::below(shm)
        } else {
            Self::new()
        }
    }

    fn below(parent: &Path) -> Self {
        let dir = TempDir::with_prefix_in("keyhole-", parent).expect("a temporary directory");
        let world = Self { dir };
        world.dir("root");
        world.file("outside/secret.txt", CANARY);
        world.file("outside/folder/inner.txt", CANARY);
        world
    }

    /// Where `name` is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, with the directories above it. `{dir}` in it becomes this directory.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below")).expect("mkdir");
        let content = content.as_ref();
        match std::str::from_utf8(content) {
            Ok(text) if text.contains("{dir}") => {
                let here = self.dir.path().display().to_string();
                std::fs::write(path, text.replace("{dir}", &here))
            }
            _ => std::fs::write(path, content),
        }
        .expect("write");
        self
    }

    /// Makes a directory and those above it.
    pub fn dir(&self, name: &str) -> &Self {
        std::fs::create_dir_all(self.path(name)).expect("mkdir");
        self
    }

    /// Makes a symbolic link with this text. `{dir}` in it becomes this directory.
    pub fn link(&self, name: &str, to: &str) -> &Self {
        let to = to.replace("{dir}", &self.dir.path().display().to_string());
        std::os::unix::fs::symlink(to, self.path(name)).expect("symlink");
        self
    }

    /// Makes a pipe with a name.
    pub fn fifo(&self, name: &str) -> &Self {
        let mode = Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(CWD, self.path(name), FileType::Fifo, mode, 0).expect("mkfifo");
        self
    }

    /// Makes a file of `size` bytes that takes no room.
    pub fn sparse(&self, name: &str, size: u64) -> &Self {
        let file = std::fs::File::create(self.path(name)).expect("create");
        file.set_len(size).expect("a sparse file");
        self
    }

    /// What a file holds now.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    /// Sets the mode of a file or directory.
    pub fn mode(&self, name: &str, mode: u32) -> &Self {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect("chmod");
        self
    }

    /// Serves `root/` as `docs`, from arguments alone.
    #[must_use]
    pub fn serve(&self) -> Raw {
        self.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"])
    }

    /// Serves what `config.toml` says.
    #[must_use]
    pub fn serve_config(&self, more: &[&str]) -> Raw {
        let mut arguments = vec!["--audit={dir}/audit", "--config={dir}/config.toml"];
        arguments.extend(more);
        self.start(Era::Modern, &arguments)
    }

    /// Starts `readonly-fs` with these arguments; `{dir}` in them becomes this directory.
    #[must_use]
    pub fn start(&self, era: Era, arguments: &[&str]) -> Raw {
        Raw::start(&bin("readonly-fs"), &self.arguments(arguments), era)
    }

    /// The arguments with `{dir}` filled in.
    #[must_use]
    pub fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let here = self.dir.path().display().to_string();
        let fill = |text: &&str| text.replace("{dir}", &here);
        arguments.iter().map(fill).collect()
    }

    /// The trail, verified.
    #[must_use]
    pub fn trail(&self) -> Trail {
        verify(&self.path("audit")).expect("the trail verifies")
    }

    /// Checks that the canary is in nothing that was said and in nothing that was recorded.
    pub fn assert_kept(&self, ended: &Ended) {
        self.assert_never(ended, CANARY);
    }

    /// Checks that `secret` is in nothing that was said and in nothing that was recorded.
    pub fn assert_never(&self, ended: &Ended, secret: &str) {
        let told = ended.heard.find(secret);
        let around = told.map(|at| {
            let from = ended.heard[..at].rfind('\n').unwrap_or(0);
            ended.heard[from..].chars().take(2000).collect::<String>()
        });
        assert_eq!(around, None, "`{secret}` was told to the client");
        assert!(!ended.stderr.contains(secret), "logged: {}", ended.stderr);
        for record in self.trail().records {
            assert!(!record.to_string().contains(secret), "recorded: {record}");
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
