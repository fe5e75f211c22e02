//! A copy of an example in a temporary directory, with traps that no repository should hold.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it sets up files for a server"
)]

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use tempfile::TempDir;

/// What lies outside of the root and must never be seen.
pub const CANARY: &str = "canary-7f3a9c51";

/// A deployment in a directory of its own.
#[derive(Debug)]
pub struct Stage {
    dir: TempDir,
}

/// A thread that flips one name between a directory and a link to the outside.
#[derive(Debug)]
pub struct Flipper {
    stop: Arc<AtomicBool>,
    flips: Arc<AtomicU64>,
    thread: JoinHandle<io::Result<()>>,
}

impl Stage {
    /// Sets `team-handbook` up, and beside it what a reader might try to reach.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn set() -> io::Result<Self> {
        let stage = Self::copy_of("team-handbook")?;
        let (root, outside) = (stage.path().join("handbook"), stage.outside());
        fs::create_dir(&outside)?;
        fs::write(outside.join("note.md"), CANARY)?;
        let public = root.join("public");
        symlink("../../outside/note.md", public.join("link.md"))?;
        symlink("/proc/self/environ", public.join("environ"))?;
        fs::hard_link(outside.join("note.md"), public.join("second-name.md"))?;
        fs::create_dir(public.join("box"))?;
        fs::write(public.join("box").join("note.md"), HARMLESS)?;
        Ok(stage)
    }

    /// A copy of the example `name` as it is in the repository.
    ///
    /// # Errors
    ///
    /// If a file cannot be copied.
    pub fn copy_of(name: &str) -> io::Result<Self> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let dir = tempfile::tempdir()?;
        copy(&examples.join(name), dir.path())?;
        Ok(Self { dir })
    }

    /// Where everything is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where the servers keep their record.
    #[must_use]
    pub fn trail(&self) -> PathBuf {
        self.path().join("trail")
    }

    /// The arguments of a server for `subject`.
    #[must_use]
    pub fn arguments(&self, subject: &str) -> Vec<String> {
        let fixed = "--config readonly-fs.toml --audit trail --log-level error --subject";
        let words = fixed.split(' ').chain([subject]);
        words.map(str::to_owned).collect()
    }

    /// Begins to flip `public/box` between a directory and a link to the outside.
    #[must_use]
    pub fn flip(&self) -> Flipper {
        let stop = Arc::new(AtomicBool::new(false));
        let flips = Arc::new(AtomicU64::new(0));
        let public = self.path().join("handbook").join("public");
        let outside = self.outside();
        let thread = std::thread::spawn({
            let (stop, flips) = (Arc::clone(&stop), Arc::clone(&flips));
            move || {
                let name = |name: &str| public.join(name);
                symlink(&outside, name(".link"))?;
                while !stop.load(Ordering::Relaxed) {
                    fs::rename(name("box"), name(".directory"))?;
                    fs::rename(name(".link"), name("box"))?;
                    fs::rename(name("box"), name(".link"))?;
                    fs::rename(name(".directory"), name("box"))?;
                    flips.fetch_add(2, Ordering::Relaxed);
                }
                fs::remove_file(name(".link"))
            }
        });
        Flipper {
            stop,
            flips,
            thread,
        }
    }

    /// A copy of the record to tamper with.
    ///
    /// # Errors
    ///
    /// If a file cannot be copied.
    pub fn copy_of_trail(&self, name: &str) -> io::Result<PathBuf> {
        let to = self.path().join(name);
        fs::create_dir(&to)?;
        copy(&self.trail(), &to)?;
        Ok(to)
    }

    fn outside(&self) -> PathBuf {
        self.path().join("outside")
    }
}

impl Flipper {
    /// Stops, and says how often it flipped.
    ///
    /// # Errors
    ///
    /// If a rename failed.
    pub fn stop(self) -> io::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        ended.map_err(|_| io::Error::other("the flipping thread panicked"))??;
        Ok(self.flips.load(Ordering::Relaxed))
    }
}

/// Copies what is in `from` into the directory `to`, with its permissions.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// What the file in the box says while it is the right one.
pub const HARMLESS: &str = "nothing to see here";
