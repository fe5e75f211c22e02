//! What is measured against: a PostgreSQL with tables, and a server that is configured for them.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use bench::client::Client;
use harness::BOSS;
use harness::Cluster;

/// A cluster with the tables of `pgbench` and one of 100,000 rows, and a configuration for them.
pub(super) struct Bed {
    pub(super) cluster: Cluster,
    server: PathBuf,
    dir: tempfile::TempDir,
}

impl Bed {
    pub(super) fn new(server: PathBuf) -> Option<Self> {
        let cluster = Cluster::start()?;
        let boss = cluster.connect(BOSS, "postgres");
        let made = Command::new(cluster.program("pgbench"))
            .args(["--initialize", "--quiet", "--scale=10", "--host=127.0.0.1"])
            .arg(format!("--username={BOSS}"))
            .arg(format!("--port={}", cluster.port()))
            .arg("postgres")
            .output();
        assert!(made.expect("pgbench runs").status.success());
        boss.run(
            "create table items as select i as id, 'item number ' || i as name, \
             (i * 1.25)::numeric(12, 2) as amount, timestamp '2026-01-01' + i * interval '1 min' \
             as at, repeat('x', 60) as note from generate_series(1, 100000) i; \
             alter table items add primary key (id); analyze; \
             create role bench login; grant select on items, pgbench_accounts to bench; \
             revoke temporary on database postgres from public",
        );
        let dir = tempfile::tempdir().expect("a directory");
        let bed = Self {
            cluster,
            server,
            dir,
        };
        let url = bed.cluster.url("bench", "postgres");
        let text = format!(
            "[database]\nconnection = \"{url}?sslmode=disable\"\n\n[[tables]]\n\
             name = \"items\"\nlabel = \"internal\"\n[tables.columns]\nid = true\nname = true\n\
             amount = true\nat = true\nnote = true\n\n[[tables]]\nname = \"pgbench_accounts\"\n\
             label = \"internal\"\n[tables.columns]\naid = true\nbid = true\nabalance = true\n\
             filler = true\n"
        );
        std::fs::write(bed.dir.path().join("config.toml"), text).expect("a configuration");
        Some(bed)
    }

    pub(super) fn serve(&self, audit: &Path) -> Client {
        let config = self.dir.path().join("config.toml").display().to_string();
        let audit = audit.display().to_string();
        Client::start(&self.server, &["--config", &config, "--audit", &audit])
    }

    /// Where the trail may be kept: on a disk, and in memory where there is such a place.
    pub(super) fn places(&self) -> Vec<(&'static str, PathBuf)> {
        let mut places = vec![("audit synced to disk", self.dir.path().join("audit"))];
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            let own = format!("keyhole-bench-{}", std::process::id());
            places.push(("audit in memory", memory.join(own)));
        }
        places
    }

    /// Transactions a second of `pgbench`, which only selects, with statements prepared.
    pub(super) fn pgbench(&self, clients: u32) -> f64 {
        let output = Command::new(self.cluster.program("pgbench"))
            .args(["--select-only", "--protocol=prepared", "--no-vacuum"])
            .args(["--time=4", "--host=127.0.0.1", "--username=boss"])
            .arg(format!("--client={clients}"))
            .arg(format!("--port={}", self.cluster.port()))
            .arg("postgres")
            .output()
            .expect("pgbench runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        figure.unwrap_or_else(|| panic!("no figure in {text}"))
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        for (_, place) in self.places() {
            let _gone = std::fs::remove_dir_all(place);
        }
    }
}
