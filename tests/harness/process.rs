//! Programs that run to their end, and waiting.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// How a program ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

/// Runs a program to its end, with nothing to read; kills it after 20 seconds.
#[must_use]
pub fn run(program: &Path, arguments: &[String]) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    finish(&mut command)
}

fn finish(command: &mut Command) -> Ran {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("starts");
    let pid = rustix::process::Pid::from_child(&child);
    let (done, over) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        let late = std::sync::mpsc::RecvTimeoutError::Timeout;
        if over.recv_timeout(crate::PATIENCE) == Err(late) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    });
    let output = child.wait_with_output().expect("ends");
    drop(done);
    guard.join().expect("the guard ends");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits until `seen` says something, at most `limit`.
pub fn until<T>(limit: Duration, mut seen: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = seen() {
            return Some(found);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Says what was not tested, past the capture of the test runner.
pub fn loudly(what: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "\n!!! NOT TESTED: {what}\n").ok();
}
