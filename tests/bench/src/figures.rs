//! What the operating system says of a process.

use std::process::Command;
use std::time::Duration;

/// Processor time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu(pub Duration);

impl Cpu {
    /// User and system time of process `pid`, all its threads, in steps of a clock tick.
    ///
    /// # Panics
    ///
    /// If the process is gone.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().expect("a number"))
            .sum();
        Self(Duration::from_millis(ticks * 10))
    }

    /// What this thread has run so far, to the nanosecond.
    ///
    /// # Panics
    ///
    /// If the kernel does not tell.
    #[must_use]
    pub fn of_thread() -> Self {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a figure");
        let ran = text.split_whitespace().next().expect("a number");
        Self(Duration::from_nanos(ran.parse().expect("a number")))
    }

    /// Runs `command` to its end; its user and system time.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn of_command(command: &str) -> Self {
        // the shell's own `times` tells what its children used, to the hundredth of a second
        let script = format!("{{ {command} }} >/dev/null 2>&1; times");
        let output = Command::new("bash")
            .args(["-c", &script])
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let children = text.lines().nth(1).expect("a line for the children");
        let seconds = children.split_whitespace().map(|part| {
            let (minutes, seconds) = part
                .trim_end_matches('s')
                .split_once('m')
                .expect("NmN.NNNs");
            minutes.parse::<f64>().expect("minutes") * 60.0
                + seconds.parse::<f64>().expect("seconds")
        });
        Self(Duration::from_secs_f64(seconds.sum()))
    }

    /// The time since `earlier`, for each of `count` calls, in microseconds.
    #[must_use]
    pub fn each_since(self, earlier: Self, count: usize) -> f64 {
        (self.0 - earlier.0).as_secs_f64() * 1e6 / count as f64
    }
}

/// Resident memory in megabytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Now.
    pub now: f64,
    /// At most so far.
    pub peak: f64,
}

impl Memory {
    /// The memory of process `pid`.
    ///
    /// # Panics
    ///
    /// If the process is gone.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let figure = |key: &str| {
            let line = status
                .lines()
                .find(|line| line.starts_with(key))
                .expect("a figure");
            let kilobytes = line.split_whitespace().nth(1).expect("a number");
            kilobytes.parse::<f64>().expect("a number") / 1000.0
        };
        Self {
            now: figure("VmRSS:"),
            peak: figure("VmHWM:"),
        }
    }
}

/// The middle one of `times`, in microseconds.
#[must_use]
pub fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
