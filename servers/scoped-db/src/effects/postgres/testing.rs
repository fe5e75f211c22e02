//! A private PostgreSQL cluster for tests, from the binaries of this machine.
//!
//! Where there are none the tests say so and pass, unless `KEYHOLE_POSTGRES=1` is set.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start a server of their own and tell it what to do"
)]

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::broker::Dialled;
use guard::broker::Document;
use guard::broker::Failure;
use guard::broker::Here;
use guard::broker::NotLoaded;
use guard::broker::Outside;
use guard::broker::Soon;
use guard::broker::System;
use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::secret::Providers;
use guard::secret::Secret;
use guard::secret::SecretRef;
use serde_json::Value;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use super::Postgres;
use super::Settings;
use super::charter::Anywhere;
use super::charter::charter;
use crate::connection::Target;
use crate::permit::Context;
use crate::permit::Query;
use crate::permit::RowLimits;

/// A server that runs as long as this value, or this process, lives.
pub(super) struct Cluster {
    directory: Option<tempfile::TempDir>,
    binaries: PathBuf,
    port: u16,
    /// Whether it was built with TLS.
    pub(super) tls: bool,
    server: Child,
}

/// A database of one test.
pub(super) struct Database {
    pub(super) cluster: &'static Cluster,
    pub(super) name: String,
}

/// The cluster that all tests of this process share, if there can be one.
pub(super) fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(Cluster::start).as_ref()
}

/// A new database in the shared cluster, with `sql` run in it by the superuser.
pub(super) async fn database(sql: &str) -> Option<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let cluster = cluster()?;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = cluster.admin("postgres").await;
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let database = Database { cluster, name };
    database.admin().await.batch_execute(sql).await.unwrap();
    Some(database)
}

impl Cluster {
    pub(super) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var("KEYHOLE_POSTGRES").as_deref() != Ok("1"),
                "KEYHOLE_POSTGRES is set and no PostgreSQL server is installed"
            );
            eprintln!("NOT RUN: no PostgreSQL server is installed, so nothing was tested with one");
            return None;
        };
        let directory = tempfile::Builder::new()
            .prefix("keyhole-pg-")
            .tempdir()
            .unwrap();
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(directory.path()));
        }
        let data = directory.path().join("data");
        let mut initdb = unprivileged(&binaries.join("initdb"));
        initdb.args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
            "-D",
        ]);
        run(initdb.arg(&data));
        certificates(directory.path(), &data);
        for tls in [true, false] {
            let certified = "hostssl all certified 127.0.0.1/32 cert\n";
            let rules = format!(
                "local all all trust\n{}host all all 127.0.0.1/32 scram-sha-256\n",
                if tls { certified } else { "" }
            );
            std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
            let port = free_port();
            let server = serve(&binaries, directory.path(), port, tls);
            let mut cluster = Self {
                directory: None,
                binaries: binaries.clone(),
                port,
                tls,
                server,
            };
            if cluster.is_up(directory.path()) {
                cluster.directory = Some(directory);
                return Some(cluster);
            }
            cluster.stop();
            std::fs::rename(directory.path().join("log"), directory.path().join("old")).unwrap();
        }
        let log = std::fs::read_to_string(directory.path().join("log"));
        panic!("the server did not start: {log:?}");
    }

    /// Ends the server as a crash would, or `fast`, and starts it again.
    pub(super) fn restart(&mut self) {
        self.stop();
        std::fs::remove_file(self.socket().join("log")).unwrap();
        self.server = serve(&self.binaries, self.socket(), self.port, self.tls);
        assert!(self.is_up(self.socket()), "the server did not start again");
    }

    /// Ends the server and leaves what it wrote.
    fn stop(&mut self) {
        let mut input = self.server.stdin.take().unwrap();
        input.write_all(b"keep\n").unwrap();
        drop(input);
        self.server.wait().unwrap();
    }

    fn is_up(&self, directory: &Path) -> bool {
        for _ in 0..400 {
            std::thread::sleep(Duration::from_millis(25));
            // the last line says so once it has recovered; its socket is there before
            let state = std::fs::read_to_string(directory.join("data/postmaster.pid"));
            if state.is_ok_and(|state| state.trim_end().ends_with("ready")) {
                return true;
            }
            let log = std::fs::read_to_string(directory.join("log"));
            if log.is_ok_and(|log| log.contains("FATAL")) {
                return false;
            }
        }
        false
    }

    /// The directory of its socket, its certificates and its data.
    pub(super) fn socket(&self) -> &Path {
        self.directory.as_ref().unwrap().path()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// A superuser's session.
    pub(super) async fn admin(&self, database: &str) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.socket()).port(self.port);
        config.user("postgres").dbname(database);
        for _ in 0..100 {
            if let Ok((client, connection)) = config.connect(NoTls).await {
                drop(tokio::spawn(connection));
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server lets nobody in");
    }

    /// The text that connects to `database` as `user` over the socket.
    pub(super) fn url(&self, user: &str, database: &str) -> String {
        let socket = self.socket().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{socket}:{}/{database}", self.port)
    }

    /// What is used as `user` over the socket.
    pub(super) fn open(&self, user: &str, database: &str, connections: usize) -> Postgres {
        let target = self.url(user, database).parse().unwrap();
        let settings = Settings {
            connections,
            ..Settings::default()
        };
        here(target, None, settings)
    }
}

/// What is reached without a second process.
pub(super) fn here(target: Target, password: Option<SecretRef>, settings: Settings) -> Postgres {
    let charter = charter(&target, password.as_ref());
    let providers = Arc::new(Providers::new(|_| None));
    let outside = Here::new(charter, providers, Arc::new(System));
    Postgres::open(target, outside, password, settings)
}

/// As [`here`], with a password that `say` says; it is told one that was refused.
pub(super) fn told(
    target: Target,
    say: impl Fn(Option<&Secret>) -> Result<Secret, NotLoaded> + Send + Sync + 'static,
    settings: Settings,
) -> Postgres {
    let password: SecretRef = "file:/password".parse().unwrap();
    let charter = charter(&target, Some(&password));
    let providers = Arc::new(Providers::new(|_| None));
    let here = Here::new(charter, providers, Arc::new(System));
    let outside = Arc::new(Told { here, say });
    Postgres::open(target, outside, Some(password), settings)
}

struct Told<F> {
    here: Arc<Here<Anywhere>>,
    say: F,
}

impl<F> std::fmt::Debug for Told<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

impl<F: Fn(Option<&Secret>) -> Result<Secret, NotLoaded> + Send + Sync> Outside for Told<F> {
    fn dial(&self, target: usize, time: Duration) -> Soon<'_, Result<Dialled, Failure>> {
        self.here.dial(target, time)
    }

    fn secret<'a>(&'a self, _: &'a SecretRef) -> Soon<'a, Result<Secret, NotLoaded>> {
        Box::pin(async move { (self.say)(None) })
    }

    fn another<'a>(
        &'a self,
        _: &'a SecretRef,
        refused: &'a Secret,
    ) -> Soon<'a, Result<Option<Secret>, NotLoaded>> {
        Box::pin(async move {
            let other = (self.say)(Some(refused))?;
            Ok(Some(other).filter(|other| !other.is_same(refused)))
        })
    }

    fn document<'a>(&'a self, document: &'a Document) -> Soon<'a, Result<Vec<u8>, NotLoaded>> {
        self.here.document(document)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        drop(self.server.wait());
    }
}

impl Database {
    pub(super) async fn admin(&self) -> tokio_postgres::Client {
        self.cluster.admin(&self.name).await
    }

    pub(super) fn open(&self, user: &str, connections: usize) -> Postgres {
        self.cluster.open(user, &self.name, connections)
    }

    /// A role that may log in, named after `stem` and this database.
    pub(super) async fn role(&self, stem: &str, grants: &str) -> String {
        let role = format!("{stem}_{}", self.name);
        let admin = self.admin().await;
        let sql = format!("CREATE ROLE {role} LOGIN PASSWORD 'secret of {role}'");
        admin.batch_execute(&sql).await.unwrap();
        admin
            .batch_execute(&grants.replace("ROLE", &role))
            .await
            .unwrap();
        role
    }
}

/// A call that has ten seconds.
pub(super) fn call() -> Call {
    call_for(Duration::from_secs(10), &CancellationToken::new())
}

pub(super) fn call_for(time: Duration, cancel: &CancellationToken) -> Call {
    let shared = Shared::new(Seal::new([7; 32], chrono::TimeDelta::minutes(5)));
    let id = uuid::Uuid::nil();
    let now = chrono::DateTime::UNIX_EPOCH;
    Call::new(
        Arc::new(Caller::default()),
        id,
        now,
        time,
        cancel.clone(),
        &shared,
    )
}

/// Leave to run `sql`, with ample limits.
pub(super) fn query(sql: &str, values: impl Into<Vec<Value>>) -> Query {
    Query {
        sql: sql.into(),
        values: values.into(),
        context: Context::default(),
        limits: RowLimits {
            rows: 1000,
            bytes: 1 << 20,
            cell: 1000,
            time: Duration::from_secs(10),
            cost: None,
        },
        skip: 0,
    }
}

pub(super) fn password(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec()).unwrap()
}

fn binaries() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output();
    let told = told
        .ok()
        .and_then(|told| String::from_utf8(told.stdout).ok());
    let told = told.map(|text| PathBuf::from(text.trim()));
    let packaged = std::fs::read_dir("/usr/lib/postgresql").ok();
    let packaged = packaged.into_iter().flatten().flatten();
    let packaged = packaged.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut places = told.into_iter().chain(packaged).chain(path);
    let complete = |place: &PathBuf| {
        let all = ["postgres", "initdb", "pg_ctl"];
        all.iter().all(|name| place.join(name).exists())
    };
    places.find(complete)
}

/// The server will not run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "nobody", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A shell holds the server: it ends the server when its input ends, and so with this process,
/// and clears up behind it. After a line of input it only ends the server.
fn serve(binaries: &Path, directory: &Path, port: u16, tls: bool) -> Child {
    let script = format!(
        "'{postgres}' -D '{dir}/data' -k '{dir}' -p {port} -c listen_addresses=127.0.0.1 \
         -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 \
         {tls} -c shared_buffers=64MB -c log_min_messages=fatal >'{dir}/log' 2>&1 & \
         server=$!; read keep; kill -INT $server; wait $server; [ -n \"$keep\" ] || rm -rf '{dir}'",
        postgres = binaries.join("postgres").display(),
        dir = directory.display(),
        tls = if tls {
            format!("-c ssl=on -c ssl_ca_file='{}/ca.pem'", directory.display())
        } else {
            String::new()
        },
    );
    let mut shell = unprivileged(Path::new("/bin/sh"));
    shell.arg("-c").arg(script);
    shell.stdin(Stdio::piped()).spawn().unwrap()
}

/// An authority, `localhost` signed by it, and another authority that signed nothing.
fn certificates(directory: &Path, data: &Path) {
    let script = format!(
        "cd '{dir}' && \
         for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$ca \
           -keyout $ca.key -out $ca.pem || exit 1; done && \
         printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' >ext && \
         openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout '{data}/server.key' \
           -out server.csr && \
         openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
           -sha256 -extfile ext -out '{data}/server.crt' && chmod 600 '{data}/server.key' && \
         openssl req -newkey rsa:2048 -nodes -subj /CN=certified -keyout client.key \
           -out client.csr && \
         openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
           -sha256 -extfile ext -out client.pem && chmod 600 client.key",
        dir = directory.display(),
        data = data.display(),
    );
    run(unprivileged(Path::new("/bin/sh")).arg("-c").arg(script));
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {said}");
}
