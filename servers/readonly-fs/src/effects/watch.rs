//! Tells when something that is watched changes.
//!
//! What is watched is the directory in which the thing lies, by the thing's own name: so a file
//! that an editor replaces stays watched. A directory itself is watched for what is in it.
//!
//! # Invariants
//!
//! - A watch is put on an open descriptor, never on a path that is resolved again.
//! - Nothing is told of an entry that does not exist for the one who watches.
//! - Dropping a [`Held`] ends its watch.

use std::collections::HashMap;
use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rustix::fs::inotify;
use rustix::fs::inotify::ReadFlags;
use rustix::fs::inotify::WatchFlags;
use rustix::io::Errno;

use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use guard::error::fault;

use super::open::Opened;
use super::root::Handles;
use crate::scope::Found;
use crate::scope::Kind;
use crate::scope::Permit;

/// Waits for changes on behalf of all who watch. Costs nothing until the first watch.
#[derive(Debug, Default)]
pub struct Watcher(Mutex<Option<Arc<Shared>>>);

/// A watch that lasts until it is dropped.
#[derive(Debug)]
pub struct Held {
    shared: Arc<Shared>,
    watch: i32,
    number: u64,
}

#[derive(Debug)]
struct Shared {
    inotify: OwnedFd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watches: HashMap<i32, Vec<Listener>>,
    count: u64,
}

struct Listener {
    number: u64,
    wants: Wants,
    tell: Box<dyn Fn() + Send>,
}

/// Whether a change of the entry of this name is to be told, or of the directory itself.
type Wants = Box<dyn Fn(Option<&[u8]>) -> bool + Send>;

impl Handles {
    /// Calls `tell` whenever what `looked` is changes, or what lies under its name.
    ///
    /// # Errors
    ///
    /// A fault if the system gives no more watches; [`Denial::TooLarge`] if there are too many.
    pub fn watch(
        &self,
        watcher: &Watcher,
        permit: &Permit,
        looked: &Opened,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Held, Refusal> {
        let root = self.of(permit).map_err(super::open::refusal)?;
        // that `/proc` is the kernel's own was seen at start
        if root.way.descriptors.is_none() {
            return Err(Fault::new("watch the file", "/proc is not there").into());
        }
        let shared = watcher.shared()?;
        let (above, wants): (_, Wants) = match looked.kind {
            Kind::Directory => (None, seen_in(permit.clone(), looked)),
            Kind::File => {
                let (above, name) = looked.resolved.split().ok_or(Denial::NotFound)?;
                let above = super::open::directory(root, permit, &above)?;
                let name = name.to_vec();
                let wants = move |changed: Option<&[u8]>| changed.is_none_or(|it| it == name);
                (Some(above), Box::new(wants))
            }
        };
        let target = above.as_ref().unwrap_or(&looked.fd);
        let path = [
            b"/proc/self/fd/".as_slice(),
            rustix::path::DecInt::from_fd(target).as_bytes(),
        ]
        .concat();
        let mut state = shared.lock();
        if state.watches.values().map(Vec::len).sum::<usize>() >= MOST {
            return Err(Denial::TooLarge("subscriptions at one time").into());
        }
        let watch = inotify::add_watch(&shared.inotify, path, FLAGS)
            .map_err(|errno| fault("watch the file")(std::io::Error::from(errno)))?;
        state.count += 1;
        let number = state.count;
        state.watches.entry(watch).or_default().push(Listener {
            number,
            wants,
            tell: Box::new(tell),
        });
        drop(state);
        Ok(Held {
            shared,
            watch,
            number,
        })
    }
}

/// Whether an entry of the directory exists for the one who watches. Of an entry that is gone
/// nobody can say what it was; either kind will do.
fn seen_in(permit: Permit, looked: &Opened) -> Wants {
    let above: Found = looked.found;
    let asked = permit.place().path().clone();
    let real = looked.resolved.clone();
    Box::new(move |changed| {
        let Some(name) = changed else {
            return true;
        };
        let (Some(asked), Some(real)) = (asked.child(name), real.child(name)) else {
            return false;
        };
        let seen = |kind| permit.child(&above, asked.as_bytes(), real.as_bytes(), kind);
        seen(Kind::File).is_some() || seen(Kind::Directory).is_some()
    })
}

impl Watcher {
    fn shared(&self) -> Result<Arc<Shared>, Fault> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = &*slot {
            return Ok(Arc::clone(shared));
        }
        let inotify = inotify::init(inotify::CreateFlags::CLOEXEC)
            .map_err(|errno| fault("watch for changes")(std::io::Error::from(errno)))?;
        let shared = Arc::new(Shared {
            inotify,
            state: Mutex::default(),
        });
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("changes".to_owned())
            .spawn(move || theirs.wait())
            .map_err(fault("watch for changes"))?;
        *slot = Some(Arc::clone(&shared));
        Ok(shared)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what the kernel tells, for as long as the process lives.
    fn wait(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(std::ffi::CStr::to_bytes);
                    self.pass_on(event.wd(), event.events(), name);
                }
                Err(Errno::INTR) => {}
                Err(errno) => {
                    tracing::warn!(%errno, "changes are no longer told");
                    return;
                }
            }
        }
    }

    fn pass_on(&self, watch: i32, events: ReadFlags, name: Option<&[u8]>) {
        let mut state = self.lock();
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            // some changes were lost: anything may have changed
            let all = state.watches.values().flatten();
            all.for_each(|listener| (listener.tell)());
            return;
        }
        let listeners = state.watches.get(&watch).into_iter().flatten();
        listeners
            .filter(|listener| (listener.wants)(name))
            .for_each(|listener| (listener.tell)());
        if events.contains(ReadFlags::IGNORED) {
            // the directory is gone, and the kernel's watch with it
            state.watches.remove(&watch);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let Some(listeners) = state.watches.get_mut(&self.watch) else {
            return;
        };
        listeners.retain(|listener| listener.number != self.number);
        if listeners.is_empty() {
            state.watches.remove(&self.watch);
            // what is gone already needs no removal
            inotify::remove_watch(&self.shared.inotify, self.watch).unwrap_or_default();
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

const FLAGS: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// Watches at one time.
const MOST: usize = 1024;

#[cfg(test)]
mod tests;
