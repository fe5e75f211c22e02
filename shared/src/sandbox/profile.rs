//! What a process needs once it is open; whatever is not said is refused by the kernel.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// What is left to a process. A new one has memory, clocks, threads, and the descriptors that it
/// holds open.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    pub(super) read: Vec<PathBuf>,
    pub(super) append: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) reads_anywhere: bool,
    pub(super) resolves: bool,
    pub(super) watches: bool,
    pub(super) receives: bool,
    pub(super) keyring: bool,
    pub(super) sockets: BTreeSet<Sockets>,
    /// Not what it needs, but how it was started.
    #[serde(skip)]
    pub(super) stray: Vec<String>,
    #[serde(skip)]
    pub(super) allow_root: bool,
}

/// One kind of socket that a process may open by itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sockets {
    /// A connection to this TCP port, of any host: the kernel knows ports, not hosts.
    Tcp(u16),
    /// What the resolver of the C library needs: datagrams to any host, and the routing table.
    Dns,
    /// A connection to any socket that has a path.
    Unix,
}

impl Profile {
    /// Nothing but memory, clocks, threads and open descriptors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reading the file `path`, or what is below the directory `path`.
    #[must_use]
    pub fn read_beneath(mut self, path: impl Into<PathBuf>) -> Self {
        self.read.push(path.into());
        self
    }

    /// Reading below the directory `path`, making files there and appending to them; removing,
    /// renaming and truncating none.
    #[must_use]
    pub fn append_beneath(mut self, path: impl Into<PathBuf>) -> Self {
        self.append.push(path.into());
        self
    }

    /// Reading, making, changing and removing files below the directory `path`, and memory that
    /// is shared through them: what a database in a file needs.
    #[must_use]
    pub fn write_beneath(mut self, path: impl Into<PathBuf>) -> Self {
        self.write.push(path.into());
        self
    }

    /// Reading whatever the user may read. Writing stays confined.
    #[must_use]
    pub const fn reads_anywhere(mut self) -> Self {
        self.reads_anywhere = true;
        self
    }

    /// Resolving paths beneath a directory by `openat2`. A filter cannot see with which flags
    /// that opens, so that where files are written is left to Landlock.
    #[must_use]
    pub const fn resolves_beneath(mut self) -> Self {
        self.resolves = true;
        self
    }

    /// Waiting for changes of files by inotify, which Landlock does not confine.
    #[must_use]
    pub const fn watches_files(mut self) -> Self {
        self.watches = true;
        self
    }

    /// Taking connected sockets from another process, and tuning them.
    #[must_use]
    pub const fn receives_descriptors(mut self) -> Self {
        self.receives = true;
        self
    }

    /// Asking the keyring of the kernel.
    #[must_use]
    pub const fn asks_kernel_keyring(mut self) -> Self {
        self.keyring = true;
        self
    }

    /// Opening such sockets, and connecting them.
    #[must_use]
    pub fn sockets(mut self, sockets: Sockets) -> Self {
        self.sockets.insert(sockets);
        self
    }

    /// Reading the files that the resolver of the C library reads, as they are now.
    #[must_use]
    pub fn files_for_dns(mut self) -> Self {
        // a link is followed, and its directory is meant: the file is replaced by renaming
        let files = [
            "/etc/nsswitch.conf",
            "/etc/host.conf",
            "/etc/resolv.conf",
            "/etc/hosts",
            "/etc/gai.conf",
            "/etc/services",
        ];
        self.read
            .extend(files.into_iter().filter_map(super::place::present));
        self.read.extend(
            [
                "/run/systemd/resolve",
                "/run/NetworkManager",
                "/run/resolvconf",
            ]
            .into_iter()
            .filter_map(super::place::present),
        );
        self
    }

    /// Reading the certificates that the system trusts, where systems keep them, and at `named`.
    #[must_use]
    pub(crate) fn files_for_roots(mut self, named: impl IntoIterator<Item = PathBuf>) -> Self {
        let usual = [
            "/etc/ssl",
            "/etc/pki",
            "/etc/ca-certificates",
            "/etc/openssl",
            "/usr/lib/ssl",
            "/usr/share/ca-certificates",
            "/usr/share/pki",
            "/usr/local/share/ca-certificates",
            "/usr/local/share/certs",
            "/var/lib/ca-certificates",
        ];
        let usual = usual.into_iter().filter_map(super::place::present);
        self.read.extend(usual.chain(named));
        self
    }

    /// Whether it turns names into addresses.
    pub(crate) fn resolves_names(&self) -> bool {
        self.sockets.contains(&Sockets::Dns)
    }

    /// Which descriptors it was started with and does not know, as [`super::stray_descriptors`]
    /// said at its start.
    #[must_use]
    pub fn started_with(mut self, stray: Vec<String>) -> Self {
        self.stray = stray;
        self
    }

    /// Running as uid 0, even where the kernel cannot keep it from root's files.
    #[must_use]
    pub const fn allow_root(mut self, allowed: bool) -> Self {
        self.allow_root = allowed;
        self
    }

    /// The directories and files that may be read, but for what is appended to.
    pub fn readable(&self) -> impl Iterator<Item = &std::path::Path> {
        self.read.iter().map(PathBuf::as_path)
    }
}

/// What is asked of it by who holds a process down.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "elsewhere there is no such means")
)]
impl Profile {
    /// Whether it connects by itself.
    pub(super) fn connects(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// The TCP ports to which it connects by itself.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        let ports = self.sockets.iter().filter_map(|sockets| match sockets {
            Sockets::Tcp(port) => Some(*port),
            // answers that a datagram does not hold come by a stream
            Sockets::Dns => Some(53),
            Sockets::Unix => None,
        });
        ports.collect()
    }

    pub(super) fn has_tcp(&self) -> bool {
        !self.ports().is_empty()
    }

    /// Which version of Landlock's interface the profile cannot do without: 1 confines files, 4
    /// confines ports.
    pub(super) fn least_abi(&self) -> u32 {
        if self.has_tcp() { 4 } else { 1 }
    }

    /// What the kernel cannot enforce of it though all is in force, in clauses.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.reads_anywhere {
            gaps.push("which files are read".to_owned());
        }
        if !self.write.is_empty() {
            gaps.push("which files beside the database are changed".to_owned());
        }
        if self.has_tcp() {
            gaps.push("which hosts are connected to (their ports are)".to_owned());
        }
        if self.sockets.contains(&Sockets::Dns) {
            gaps.push("datagrams".to_owned());
        }
        if self.sockets.contains(&Sockets::Unix) {
            gaps.push("which local sockets are connected to".to_owned());
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_profile_needs_nothing_and_says_that_nothing_is_left_open() {
        let profile = Profile::new();
        assert!(profile.gaps().is_empty());
        assert!(profile.ports().is_empty());
        assert!(!profile.connects());
        assert_eq!(profile.least_abi(), 1);
    }

    #[test]
    fn sockets_are_told_as_what_the_kernel_does_not_confine() {
        let profile = Profile::new()
            .sockets(Sockets::Tcp(443))
            .sockets(Sockets::Dns);
        assert_eq!(profile.ports(), BTreeSet::from([53, 443]));
        assert_eq!(profile.least_abi(), 4);
        let gaps = profile.gaps();
        assert!(
            gaps.iter().any(|gap| gap.contains("which hosts")),
            "{gaps:?}"
        );
        assert!(gaps.iter().any(|gap| gap.contains("datagrams")), "{gaps:?}");
    }
}
