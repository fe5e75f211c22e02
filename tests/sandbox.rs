//! What is left to a server that was taken over, on this kernel and on older ones.
//!
//! Each server says by `doctor --json` what it needs; `selftest` is held down to that by the same
//! code, and then tries everything.

// Exit codes and words where the kernel lacks something, or the process is not as it must be.
mod start;
// What a taken-over process can still do, action by action.
mod taken_over;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use harness::World;
use harness::bin;
use serde_json::Value;

/// A world with something to protect, and somebody who listens where nothing may arrive.
struct Prey {
    world: World,
    tcp: TcpListener,
    udp: UdpSocket,
    _unix: UnixListener,
}

/// What became of all attempts.
struct Tried {
    /// `enforced` or `refused`.
    first: Value,
    /// What was tried, and how it ended.
    results: BTreeMap<String, String>,
}

impl Prey {
    fn new() -> Self {
        let world = World::new();
        world
            .file("root/inside", b"in\n")
            .file("outside/secret", b"secret\n");
        world.link("root/link", "../outside/secret");
        let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"internal\"\n";
        world.file("config.toml", config);
        world.dir("audit").mode("audit", 0o700);
        world.file("audit/earlier", b"a line that was recorded\n");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind(tcp.local_addr().unwrap()).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        let unix = UnixListener::bind(world.path("outside/socket")).unwrap();
        Self {
            world,
            tcp,
            udp,
            _unix: unix,
        }
    }

    fn dir(&self) -> String {
        self.world.arguments(&["{dir}"]).remove(0)
    }

    /// What `server` needs, as it says itself.
    fn profile(&self, server: &str, arguments: &[&str]) -> PathBuf {
        self.needed("profile", server, arguments)
    }

    /// What its second process needs.
    fn second(&self, server: &str, arguments: &[&str]) -> PathBuf {
        self.needed("second", server, arguments)
    }

    fn needed(&self, which: &str, server: &str, arguments: &[&str]) -> PathBuf {
        let mut all = vec!["doctor", "--json", "--audit={dir}/audit"];
        all.extend(arguments);
        let ran = harness::run(&bin(server), &self.world.arguments(&all));
        let said: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        assert!(said[which].is_object(), "{}", ran.stdout);
        self.world
            .file("profile.json", said[which].to_string().as_bytes());
        self.world.path("profile.json")
    }

    /// Tries everything under `profile`; `without` names calls that the kernel lacks.
    fn try_all(&self, profile: &Path, mode: &str, without: Option<&str>) -> Tried {
        let selftest = bin("selftest");
        let mut command = Command::new(&selftest);
        if let Some(calls) = without {
            command.args(["old", calls]).arg(&selftest);
        }
        let port = self.tcp.local_addr().unwrap().port();
        command.args(["try", mode]).arg(profile);
        command.args([self.dir(), port.to_string()]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let first = lines.next().expect("something is said");
        let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        let results = lines.map(|line| (word(&line, "action"), word(&line, "result")));
        Tried {
            first,
            results: results.collect(),
        }
    }

    /// Everything that arrived where nothing may.
    fn arrived(&self) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok((mut from, _)) = self.tcp.accept() {
            let mut bytes = [0; 64];
            from.set_nonblocking(true).unwrap();
            let count = from.read(&mut bytes).unwrap_or(0);
            all.push(format!("tcp: {}", String::from_utf8_lossy(&bytes[..count])));
        }
        let mut bytes = [0; 64];
        while let Ok(count) = self.udp.recv(&mut bytes) {
            all.push(format!("udp: {}", String::from_utf8_lossy(&bytes[..count])));
        }
        all
    }
}

impl Tried {
    /// What was not refused. A refusal is one of these three words; whatever else the system
    /// answers, it looked at the attempt.
    fn let_through(&self) -> Vec<&str> {
        let refused = |word: &str| matches!(word, "EPERM" | "EACCES" | "ENOSYS");
        let through = self.results.iter().filter(|(_, word)| !refused(word));
        through.map(|(what, _)| what.as_str()).collect()
    }
}
