//! What being held down costs: once, and for each call.

use std::process::ExitCode;

use guard::sandbox;
use guard::sandbox::Mode;
use guard::sandbox::Profile;

use crate::call::path;
use crate::call::raw;

/// Prints the CPU time of this thread, in nanoseconds: shutting the sandbox; and a call that does
/// nothing and opening, reading and closing `file`, each before and after.
pub fn measure(profile: &Profile, file: &str) -> ExitCode {
    let before = (idle(), open(file));
    let start = now();
    sandbox::enter(profile, Mode::Require).unwrap();
    let shut = now() - start;
    let after = (idle(), open(file));
    let ratio = |after: u64, before: u64| (after * 100 / before) as f64 / 100.0;
    let said = serde_json::json!({
        "shut": shut,
        "call": [before.0, after.0, ratio(after.0, before.0)],
        "open": [before.1, after.1, ratio(after.1, before.1)],
    });
    println!("{said}");
    ExitCode::SUCCESS
}

fn idle() -> u64 {
    each(|| {
        let (_, _) = raw(libc::SYS_getppid, [0; 6]);
    })
}

fn open(file: &str) -> u64 {
    let name = path(file);
    let buffer = path(" ".repeat(4096));
    each(|| {
        let here = libc::AT_FDCWD as usize;
        let (fd, word) = raw(libc::SYS_openat, [here, name, 0, 0, 0, 0]);
        assert_eq!(word, "ok");
        let (_, _) = raw(libc::SYS_read, [fd as usize, buffer, 4096, 0, 0, 0]);
        let (_, _) = raw(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]);
    })
}

/// The least of some means: the machine has other work as well.
fn each(work: impl Fn()) -> u64 {
    let mean = || {
        let start = now();
        (0..COUNT).for_each(|_| work());
        (now() - start) / COUNT
    };
    (0..ROUNDS).map(|_| mean()).min().unwrap()
}

fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a value of this frame.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

const COUNT: u64 = 5000;
const ROUNDS: u32 = 9;
