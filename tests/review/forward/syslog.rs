//! The trail in rsyslog, as Debian has it, which is stopped and started again in the middle.

use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use harness::PATIENCE;
use harness::World;
use harness::loudly;
use harness::until;
use rustix::process::Pid;
use rustix::process::Signal;

use super::Running;
use super::assert_whole;
use super::company;
use super::lines;
use super::once;
use super::work;

const RSYSLOGD: &str = "/usr/sbin/rsyslogd";

/// A running rsyslog.
struct Rsyslog(Child);

impl Rsyslog {
    fn start(world: &World, port: u16) -> Self {
        let mut command = Command::new(RSYSLOGD);
        command
            .arg("-n")
            .arg("-f")
            .arg(world.path("rsyslog.conf"))
            .arg("-i")
            .arg(world.path("rsyslog.pid"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        until(PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok()).expect("it listens");
        Self(child)
    }

    /// Ends it in order, so that it writes what it has.
    fn stop(mut self) {
        rustix::process::kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        until(PATIENCE, || self.0.try_wait().unwrap()).expect("it ends");
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Whether it is installed, or a loud word; where foreign programs must be there, it must.
fn installed() -> bool {
    if Path::new(RSYSLOGD).exists() {
        return true;
    }
    let must = std::env::var("KEYHOLE_FOREIGN")
        .is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!must, "{RSYSLOGD} is missing: install the package rsyslog");
    loudly("forward to syslog: the package rsyslog is not installed");
    false
}

#[test]
fn l2_rsyslog_gets_every_line_also_when_it_is_restarted_in_the_middle() {
    if !installed() {
        return;
    }
    let world = company();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = free.unwrap().port();
    // messages of a trail can be longer than the 8 KiB that it takes by default
    world.file(
        "rsyslog.conf",
        format!(
            "global(workDirectory=\"{{dir}}\" maxMessageSize=\"64k\")\n\
             module(load=\"imtcp\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\" ruleset=\"trail\")\n\
             template(name=\"parts\" type=\"string\" string=\"%pri% %app-name% %msgid% %structured-data% %msg%\\n\")\n\
             ruleset(name=\"trail\") {{ action(type=\"omfile\" file=\"{{dir}}/got.log\" template=\"parts\") }}\n"
        ),
    );
    world.file(
        "forward.toml",
        format!(
            "[[forward]]\nname = \"siem\"\nkind = \"syslog\"\naddress = \"tcp://127.0.0.1:{port}\"\n\
             insecure = true\nbatch-bytes = \"4 KiB\"\n"
        ),
    );
    let got = || -> Vec<String> {
        let text = std::fs::read_to_string(world.path("got.log")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    };
    work(&world, 20);
    let rsyslog = Rsyslog::start(&world, port);
    let running = Running::start(&world);
    until(PATIENCE, || (got().len() > 10).then_some(())).expect("it gets the first");
    work(&world, 20);
    rsyslog.stop();
    work(&world, 20);
    let rsyslog = Rsyslog::start(&world, port);
    let wanted = lines(&world.path("audit")).len();
    until(PATIENCE * 3, || (got().len() >= wanted).then_some(())).expect("it gets all");
    assert_eq!(running.stop(), Some(0));
    assert_eq!(once(&world, 10).code, Some(0));
    rsyslog.stop();
    let got = got();
    let parsed: Vec<String> = got
        .iter()
        .map(|line| line.split_once('{').map_or("", |(_, rest)| rest))
        .map(|rest| format!("{{{rest}"))
        .collect();
    let handed = assert_whole(&parsed, &world.path("audit"));
    assert!(handed + 3 >= lines(&world.path("audit")).len());
    // it read the header as it was meant
    let first = got
        .iter()
        .find(|line| line.contains("\"kind\":\"request\""))
        .unwrap();
    assert!(
        first.starts_with("110 readonly-fs request [meta sequenceId=\""),
        "{first}"
    );
}
