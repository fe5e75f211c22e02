//! What somebody would try who runs inside of the process: files, trail, processes, kernel.

use crate::call::bytes;
use crate::call::path;
use crate::call::raw;
use crate::call::say;
use crate::call::tried;

/// What was open before the process was held down.
pub struct Before {
    /// The directory outside.
    dirfd: usize,
}

const AT_FDCWD: usize = libc::AT_FDCWD as usize;

fn open(flags: i32) -> [usize; 3] {
    [flags as usize, 0o600, 0]
}

fn openat(what: &str, dir: usize, name: impl AsRef<str>, flags: i32) -> i64 {
    let [flags, mode, _] = open(flags);
    tried(what, libc::SYS_openat, [dir, path(name), flags, mode, 0, 0])
}

impl Before {
    pub fn new(dir: &str) -> Self {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY;
        let outside = path(format!("{dir}/outside"));
        let (fd, _) = raw(
            libc::SYS_openat,
            [AT_FDCWD, outside, flags as usize, 0, 0, 0],
        );
        Self {
            dirfd: usize::try_from(fd).unwrap(),
        }
    }
}

pub fn files(before: &Before, dir: &str) {
    let (read, write) = (libc::O_RDONLY, libc::O_WRONLY);
    let list = libc::O_RDONLY | libc::O_DIRECTORY;
    let (secret, inside) = (
        format!("{dir}/outside/secret"),
        format!("{dir}/root/inside"),
    );
    openat("read-inside", AT_FDCWD, &inside, read);
    openat("read-outside", AT_FDCWD, &secret, read);
    openat("read-passwd", AT_FDCWD, "/etc/passwd", read);
    openat("read-environment", AT_FDCWD, "/proc/self/environ", read);
    openat("read-memory", AT_FDCWD, "/proc/self/mem", read);
    openat("list-root", AT_FDCWD, "/", list);
    openat("read-by-link", AT_FDCWD, format!("{dir}/root/link"), read);
    openat(
        "read-by-dots",
        AT_FDCWD,
        format!("{dir}/root/../outside/secret"),
        read,
    );
    openat("read-by-earlier-dir", before.dirfd, "secret", read);
    openat("write-inside", AT_FDCWD, &inside, write);
    openat("write-outside", AT_FDCWD, &secret, write);
    openat("append-inside", AT_FDCWD, &inside, write | libc::O_APPEND);
    openat("append-outside", AT_FDCWD, &secret, write | libc::O_APPEND);
    openat("cut-by-opening", AT_FDCWD, &inside, libc::O_TRUNC);
    openat(
        "create-inside",
        AT_FDCWD,
        format!("{dir}/root/new"),
        write | libc::O_CREAT,
    );
    openat(
        "create-outside",
        AT_FDCWD,
        format!("{dir}/outside/new"),
        write | libc::O_CREAT,
    );
    let appending = write | libc::O_CREAT | libc::O_APPEND;
    openat(
        "create-to-append-inside",
        AT_FDCWD,
        format!("{dir}/root/new2"),
        appending,
    );
    openat(
        "create-nameless",
        AT_FDCWD,
        format!("{dir}/root"),
        write | libc::O_TMPFILE,
    );
    openat(
        "write-device",
        AT_FDCWD,
        "/dev/null",
        write | libc::O_APPEND,
    );
    let (p, secret, other) = (
        path(&inside),
        path(&secret),
        path(format!("{dir}/root/other")),
    );
    tried("truncate", libc::SYS_truncate, [p, 0, 0, 0, 0, 0]);
    tried(
        "truncate-outside",
        libc::SYS_truncate,
        [secret, 0, 0, 0, 0, 0],
    );
    tried("chmod", libc::SYS_fchmodat, [AT_FDCWD, p, 0o777, 0, 0, 0]);
    tried("chmod-new-call", 452, [AT_FDCWD, p, 0o777, 0, 0, 0]);
    tried("chown", libc::SYS_fchownat, [AT_FDCWD, p, 1, 1, 0, 0]);
    tried("utimens", libc::SYS_utimensat, [AT_FDCWD, p, 0, 0, 0, 0]);
    let name = path("user.x");
    tried("setxattr", libc::SYS_setxattr, [p, name, name, 1, 0, 0]);
    tried("setxattr-new-call", 463, [AT_FDCWD, p, 0, name, name, 16]);
    tried(
        "mkdir",
        libc::SYS_mkdirat,
        [AT_FDCWD, other, 0o700, 0, 0, 0],
    );
    tried(
        "mknod",
        libc::SYS_mknodat,
        [AT_FDCWD, other, 0o010_600, 0, 0, 0],
    );
    tried(
        "symlink",
        libc::SYS_symlinkat,
        [p, AT_FDCWD, other, 0, 0, 0],
    );
    tried(
        "hard-link",
        libc::SYS_linkat,
        [AT_FDCWD, secret, AT_FDCWD, other, 0, 0],
    );
    tried(
        "rename",
        libc::SYS_renameat2,
        [AT_FDCWD, p, AT_FDCWD, other, 0, 0],
    );
    tried("unlink", libc::SYS_unlinkat, [AT_FDCWD, p, 0, 0, 0, 0]);
    let how = bytes([read as u64, 0, 0]);
    tried(
        "read-outside-by-openat2",
        libc::SYS_openat2,
        [AT_FDCWD, secret, how, 24, 0, 0],
    );
    let stat = bytes([0_u8; 512]);
    tried(
        "stat-outside",
        libc::SYS_newfstatat,
        [AT_FDCWD, secret, stat, 0, 0, 0],
    );
}

/// `audit` holds a segment `earlier` that is ended.
pub fn trail(dir: &str) {
    let earlier = format!("{dir}/audit/earlier");
    let (write, append) = (libc::O_WRONLY, libc::O_RDWR | libc::O_APPEND);
    let fd = openat("trail-append", AT_FDCWD, &earlier, append);
    let new = append | libc::O_CREAT | libc::O_EXCL;
    openat(
        "trail-begin-segment",
        AT_FDCWD,
        format!("{dir}/audit/later"),
        new,
    );
    openat("trail-overwrite", AT_FDCWD, &earlier, write);
    openat(
        "trail-cut-by-opening",
        AT_FDCWD,
        &earlier,
        append | libc::O_TRUNC,
    );
    let (p, other) = (path(&earlier), path(format!("{dir}/audit/other")));
    tried("trail-truncate", libc::SYS_truncate, [p, 0, 0, 0, 0, 0]);
    tried(
        "trail-unlink",
        libc::SYS_unlinkat,
        [AT_FDCWD, p, 0, 0, 0, 0],
    );
    tried(
        "trail-rename",
        libc::SYS_renameat2,
        [AT_FDCWD, p, AT_FDCWD, other, 0, 0],
    );
    tried(
        "trail-hard-link",
        libc::SYS_linkat,
        [AT_FDCWD, p, AT_FDCWD, other, 0, 0],
    );
    tried(
        "trail-mkdir",
        libc::SYS_mkdirat,
        [AT_FDCWD, other, 0o700, 0, 0, 0],
    );
    if let Ok(fd) = usize::try_from(fd) {
        tried(
            "trail-truncate-open",
            libc::SYS_ftruncate,
            [fd, 0, 0, 0, 0, 0],
        );
        let set = libc::F_SETFL as usize;
        tried(
            "trail-stop-appending",
            libc::SYS_fcntl,
            [fd, set, 0, 0, 0, 0],
        );
        let (both, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        let map = [0, 4096, both as usize, shared as usize, fd, 0];
        tried("trail-overwrite-by-memory", libc::SYS_mmap, map);
        // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
        tried("trail-punch-hole", libc::SYS_fallocate, [fd, 3, 0, 1, 0, 0]);
        let own = path(format!("/proc/self/fd/{fd}"));
        tried(
            "trail-reopen",
            libc::SYS_openat,
            [AT_FDCWD, own, write as usize, 0, 0, 0],
        );
        let line = path("x");
        let piece = bytes([line, 1]);
        // RWF_NOAPPEND
        tried(
            "trail-write-not-appending",
            libc::SYS_pwritev2,
            [fd, piece, 1, 0, 0, 0x20],
        );
    }
    let how = bytes([write as u64, 0, 0]);
    tried(
        "trail-overwrite-by-openat2",
        libc::SYS_openat2,
        [AT_FDCWD, p, how, 24, 0, 0],
    );
}

pub fn processes() {
    let nothing = path("/nonexistent");
    let none = bytes([0_usize; 1]);
    tried("execve", libc::SYS_execve, [nothing, none, none, 0, 0, 0]);
    tried(
        "execveat",
        libc::SYS_execveat,
        [AT_FDCWD, nothing, none, none, 0, 0],
    );
    tried("memfd", libc::SYS_memfd_create, [nothing, 0, 0, 0, 0, 0]);
    #[cfg(target_arch = "x86_64")]
    {
        child("fork", libc::SYS_fork, 0);
        child(
            "vfork-flags",
            libc::SYS_clone,
            (libc::SIGCHLD | libc::CLONE_FILES) as usize,
        );
    }
    child("clone", libc::SYS_clone, libc::SIGCHLD as usize);
    let size = bytes([0_u64; 11]);
    tried("clone3", libc::SYS_clone3, [size, 0, 0, 0, 0, 0]);
    tried(
        "unshare",
        libc::SYS_unshare,
        [libc::CLONE_NEWUSER as usize, 0, 0, 0, 0, 0],
    );
    tried("setns", libc::SYS_setns, [0, 0, 0, 0, 0, 0]);
    let parent = std::os::unix::process::parent_id() as usize;
    // PTRACE_SEIZE
    tried("ptrace", libc::SYS_ptrace, [0x4206, parent, 0, 0, 0, 0]);
    tried(
        "read-parent",
        libc::SYS_process_vm_readv,
        [parent, none, 1, none, 1, 0],
    );
    tried("pidfd", libc::SYS_pidfd_open, [parent, 0, 0, 0, 0, 0]);
    tried("signal-parent", libc::SYS_kill, [parent, 0, 0, 0, 0, 0]);
    tried(
        "signal-parents-thread",
        libc::SYS_tgkill,
        [parent, parent, 0, 0, 0, 0],
    );
    let dumpable = libc::PR_SET_DUMPABLE as usize;
    tried(
        "become-dumpable",
        libc::SYS_prctl,
        [dumpable, 1, 0, 0, 0, 0],
    );
    let limit = bytes([64_u64, 64]);
    let files = libc::RLIMIT_NOFILE as usize;
    tried("set-limit", libc::SYS_prlimit64, [0, files, limit, 0, 0, 0]);
    let (header, data) = (bytes([0x2008_0522_u32, 0]), bytes([0_u32; 6]));
    tried("capset", libc::SYS_capset, [header, data, 0, 0, 0, 0]);
    tried("setuid", libc::SYS_setuid, [0, 0, 0, 0, 0, 0]);
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    let executable = (libc::PROT_READ | libc::PROT_EXEC) as usize;
    let nowhere = usize::MAX;
    tried(
        "map-executable",
        libc::SYS_mmap,
        [0, 4096, executable, flags, nowhere, 0],
    );
    let readable = libc::PROT_READ as usize;
    let (page, word) = raw(libc::SYS_mmap, [0, 4096, readable, flags, nowhere, 0]);
    say("map", &word);
    tried(
        "make-executable",
        libc::SYS_mprotect,
        [page as usize, 4096, executable, 0, 0, 0],
    );
    let started = std::thread::Builder::new().spawn(|| ()).is_ok();
    say("thread", if started { "ok" } else { "EPERM" });
}

/// A process of its own: should it begin, it ends at once.
fn child(what: &str, number: i64, flags: usize) {
    let (answer, word) = raw(number, [flags, 0, 0, 0, 0, 0]);
    if answer == 0 {
        std::process::exit(0);
    }
    say(what, &word);
}

pub fn kernel() {
    let none = bytes([0_u64; 32]);
    tried("bpf", libc::SYS_bpf, [0, none, 48, 0, 0, 0]);
    tried(
        "perf",
        libc::SYS_perf_event_open,
        [none, 0, usize::MAX, usize::MAX, 0, 0],
    );
    // KEYCTL_GET_KEYRING_ID of the session
    tried(
        "keyctl",
        libc::SYS_keyctl,
        [0, (-3_isize) as usize, 0, 0, 0, 0],
    );
    tried("userfaultfd", libc::SYS_userfaultfd, [1, 0, 0, 0, 0, 0]);
    tried("io-uring", libc::SYS_io_uring_setup, [1, none, 0, 0, 0, 0]);
    tried("mount", libc::SYS_mount, [0, path("/"), 0, 0x1000, 0, 0]);
    tried("chroot", libc::SYS_chroot, [path("/"), 0, 0, 0, 0, 0]);
    tried("inotify", libc::SYS_inotify_init1, [0, 0, 0, 0, 0, 0]);
    tried("fanotify", libc::SYS_fanotify_init, [0x200, 0, 0, 0, 0, 0]);
    tried("seccomp", libc::SYS_seccomp, [2, 0, none, 0, 0, 0]);
    tried(
        "personality",
        libc::SYS_personality,
        [0x0004_0000, 0, 0, 0, 0, 0],
    );
    tried("handle", libc::SYS_open_by_handle_at, [0, none, 0, 0, 0, 0]);
    #[cfg(target_arch = "x86_64")]
    tried("x32", 0x4000_0000 + libc::SYS_getpid, [0; 6]);
    tried("unknown", 9999, [0; 6]);
    let letter = path("x");
    tried(
        "type-into-terminal",
        libc::SYS_ioctl,
        [0, libc::TIOCSTI as usize, letter, 0, 0, 0],
    );
    tried(
        "shared-memory",
        libc::SYS_shmget,
        [0, 4096, 0o1600, 0, 0, 0],
    );
}
