//! A private PostgreSQL: its own data, its own port, gone with the test process.
//!
//! # Invariants
//!
//! - Nothing of an installed server is used but its programs.
//! - However the test process ends, the cluster ends: a watchdog waits on a pipe that only this
//!   process holds, stops the server when it closes, and removes the files.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::process::loudly;
use crate::sql::Sql;

/// The superuser of every cluster.
pub const BOSS: &str = "boss";

/// A server that runs.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
    watchdog: Child,
    creating: Mutex<Vec<String>>,
}

impl Cluster {
    /// The cluster of this test process; none where PostgreSQL is not installed. With
    /// `KEYHOLE_POSTGRES=1` in the environment it must be.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A cluster of one's own, for what would disturb others. It ends with this value.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let must = std::env::var("KEYHOLE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(
                !must,
                "KEYHOLE_POSTGRES=1, and there is no PostgreSQL server"
            );
            loudly("anything on PostgreSQL: there is no `initdb` on this machine");
            return None;
        };
        let dir = tempfile::Builder::new()
            .prefix("keyhole-pg-")
            .tempdir()
            .expect("a temporary directory")
            .keep();
        if rustix::process::geteuid().is_root() {
            let owned = run(Command::new("chown").arg(SERVANT).arg(&dir));
            assert!(owned, "the directory is given to `{SERVANT}`");
        }
        let data = dir.join("data");
        let made = run(servant(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--no-locale",
                "--encoding=UTF8",
                "--auth=trust",
            ])
            .arg(format!("--username={BOSS}"))
            .arg("--pgdata")
            .arg(&data));
        assert!(made, "initdb runs");
        let watchdog = watchdog(&programs, &dir);
        let mut cluster = Self {
            programs,
            dir,
            port: 0,
            watchdog,
            creating: Mutex::default(),
        };
        cluster.serve();
        Some(cluster)
    }

    /// Starts the server on a free port; a second time if another process took that.
    fn serve(&mut self) {
        for _ in 0..3 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            self.port = free.local_addr().expect("an address").port();
            drop(free);
            self.write("data/postgresql.auto.conf", &self.settings());
            self.write("data/pg_hba.conf", HBA);
            if self.control(&["start"]) {
                return;
            }
        }
        panic!("the server starts: {}", self.log());
    }

    fn settings(&self) -> String {
        let sockets = self.dir.display();
        format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{sockets}'\n\
             fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n\
             max_connections = 200\nshared_buffers = '64MB'\nmax_prepared_transactions = 4\n\
             log_min_error_statement = panic\npassword_encryption = 'scram-sha-256'\n",
            self.port
        )
    }

    /// Writes a file as the user that the server runs as.
    fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        std::fs::write(&path, text).expect("write");
        if rustix::process::geteuid().is_root() {
            assert!(run(Command::new("chown").arg(SERVANT).arg(&path)));
        }
    }

    /// Stops the server and starts it again, on the same port.
    pub fn restart(&self) {
        assert!(self.control(&["restart", "--mode=fast"]), "{}", self.log());
    }

    fn control(&self, what: &[&str]) -> bool {
        let mut command = servant(&self.programs.join("pg_ctl"));
        command.arg("--pgdata").arg(self.dir.join("data"));
        command.arg("--log").arg(self.dir.join("log"));
        run(command.args(["--wait", "--timeout=30"]).args(what))
    }

    /// What a client is told to connect to.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same without a role, for a password to come from elsewhere.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the server's socket is.
    #[must_use]
    pub fn sockets(&self) -> &Path {
        &self.dir
    }

    /// A program of the same installation.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A connection from behind; it must succeed.
    #[must_use]
    pub fn connect(&self, role: &str, database: &str) -> Sql {
        let url = self.url(role, database);
        Sql::connect(&url).unwrap_or_else(|e| panic!("{role} connects to {database}: {e}"))
    }

    /// A new database like `template`, which `make` fills when it is first asked for.
    pub fn database(&self, template: &str, make: impl FnOnce(&Self, &str)) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        // nobody may be connected to a template while it is copied
        let mut made = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        let boss = self.connect(BOSS, "postgres");
        if !made.iter().any(|known| known == template) {
            boss.run(&format!("create database {template} template template0"));
            make(self, template);
            made.push(template.to_owned());
        }
        let name = format!("{template}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut tried = boss.ask(&format!("create database {name} template {template}"));
        for _ in 0..50 {
            // a backend that is told to end needs a moment
            if tried.is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            tried = boss.ask(&format!("create database {name} template {template}"));
        }
        tried.unwrap_or_else(|e| panic!("{name}: {e}"));
        name
    }

    /// What the server has written to its own log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // the end of its input is what it waits for
        drop(self.watchdog.stdin.take());
        self.watchdog.wait().ok();
    }
}

/// Who the server runs as where the test runs as root, which PostgreSQL refuses.
const SERVANT: &str = "nobody";

/// Passwords count for roles of this group only, and only over TCP.
const HBA: &str = "local all all trust\n\
                   host all +needs_password 127.0.0.1/32 scram-sha-256\n\
                   host all all 127.0.0.1/32 trust\n";

/// A command as a user who is not root.
fn servant(program: &Path) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", SERVANT, "--regid", "nogroup", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("LC_ALL", "C").current_dir("/");
    command
}

fn run(command: &mut Command) -> bool {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn watchdog(programs: &Path, dir: &Path) -> Child {
    let script = "cat; \"$1/pg_ctl\" -D \"$2/data\" -m immediate -w stop; rm -rf \"$2\"";
    let mut command = servant(Path::new("/bin/sh"));
    command.args(["-c", script, "sh"]).arg(programs).arg(dir);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // a signal to the test's group is not for it
    command.process_group(0).spawn().expect("sh runs")
}

/// Where PostgreSQL's programs are.
fn programs() -> Option<PathBuf> {
    let mut places = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    let distribution = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = distribution
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    places.extend(versions.into_iter().rev());
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    places
        .into_iter()
        .find(|place| place.join("initdb").is_file() && place.join("pg_ctl").is_file())
}
