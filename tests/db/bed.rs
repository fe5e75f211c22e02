//! Databases to be attacked, the servers before them, and what has changed in them.

use std::collections::BTreeMap;
use std::process::Command;

use harness::BOSS;
use harness::Cluster;
use harness::Era;
use harness::Raw;
use harness::Sql;
use harness::World;
use harness::bin;
use harness::workspace;

use super::told::DIGITS;

/// Which of two databases that differ only in what is hidden.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variant {
    A,
    B,
}

/// One database, one configuration, and a superuser who looks on.
pub(crate) struct Bed {
    pub(crate) world: World,
    pub(crate) cluster: &'static Cluster,
    pub(crate) database: String,
    pub(crate) boss: Sql,
    /// Another session of the role, which has just said something that nobody should hear.
    _sibling: Sql,
}

/// A file of `tests/db`.
pub(crate) fn data(name: &str) -> String {
    let path = workspace().join("tests/db").join(name);
    std::fs::read_to_string(path).expect("readable")
}

/// The shared cluster with the roles of the attacks; none where there is no PostgreSQL.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static ROLES: std::sync::Once = std::sync::Once::new();
    let cluster = Cluster::shared()?;
    ROLES.call_once(|| cluster.connect(BOSS, "postgres").run(&data("roles.sql")));
    Some(cluster)
}

/// A new copy of the database under attack.
pub(crate) fn attacked(cluster: &Cluster, variant: Variant) -> String {
    let (template, letter, digits, month, few) = match variant {
        Variant::A => ("attack_a", "a", DIGITS[0], "7", "3"),
        Variant::B => ("attack_b", "b", DIGITS[1], "8", "4"),
    };
    let name = cluster.database(template, |cluster, name| {
        let boss = cluster.connect(BOSS, name);
        let text = data("attack.sql");
        let text = text.replace("{v}", letter).replace("{n}", digits);
        let text = text.replace("{m}", month).replace("{few}", few);
        boss.run("set search_path = public");
        boss.run(&text);
        boss.run(&data("grants.sql"));
    });
    let boss = cluster.connect(BOSS, "postgres");
    let setting =
        format!("alter database {name} set zq7.database_setting = 'zq7-setting-{letter}'");
    boss.run(&setting);
    name
}

impl Bed {
    /// A bed for attacks by `role`.
    pub(crate) fn new(cluster: &'static Cluster, variant: Variant, role: &str) -> Self {
        let database = attacked(cluster, variant);
        let boss = cluster.connect(BOSS, &database);
        boss.run("set search_path = pg_catalog; listen zq7");
        let sibling = cluster.connect(role, &database);
        sibling.run("select 'zq7-said-by-a-sibling'");
        let world = World::in_memory();
        let connection = cluster.url(role, &database);
        let config = data("attack.toml");
        let rule = match role {
            // whom row-level security does not hold; a rule of the configuration does
            BOSS => "rows = \"owner = :subject\"",
            _ => "",
        };
        let config = config.replace("{connection}", &format!("{connection}?sslmode=disable"));
        world.file("config.toml", config.replace("{rule of documents}", rule));
        world.file("policy.toml", data("policy.toml"));
        Self {
            world,
            cluster,
            database,
            boss,
            _sibling: sibling,
        }
    }

    /// A server for `subject`, with leave to have a role that is too strong.
    pub(crate) fn serve(&self, subject: &str) -> Raw {
        let subject = format!("--subject={subject}");
        self.start(&[&subject, "--dangerous-allow-excess-privileges"])
    }

    /// A server with these arguments beside the usual ones.
    pub(crate) fn start(&self, more: &[&str]) -> Raw {
        let mut arguments = vec!["--config={dir}/config.toml", "--audit={dir}/audit"];
        arguments.extend(more);
        let mut command = Command::new(bin("scoped-db"));
        command.args(self.world.arguments(&arguments)).env_clear();
        command.env("MASK_KEY", MASK_KEY);
        let mut raw = Raw::spawn(&mut command, Era::Modern);
        raw.listen();
        raw
    }

    /// Everything that a caller could have changed, by name.
    pub(crate) fn digest(&self) -> BTreeMap<String, String> {
        let tables = self.boss.rows(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'm', 'S') and n.nspname !~ '^pg_(catalog|toast)' \
             and n.nspname <> 'information_schema' order by 1",
        );
        let mut parts: Vec<String> = tables
            .into_iter()
            .filter_map(|row| row.into_iter().next().flatten())
            .map(|name| {
                let title = name.replace('\'', "''");
                format!(
                    "select '{title}', count(*) || md5(coalesce(string_agg(t::text, ',' \
                     order by t::text), '')) from (select * from {name}) t"
                )
            })
            .collect();
        for (title, query) in BEHIND {
            parts.push(format!(
                "select '{title}', count(*) || md5(coalesce(string_agg(t::text, ',' \
                 order by t::text), '')) from ({query}) t"
            ));
        }
        let rows = self.boss.rows(&parts.join(" union all "));
        let mut digest: BTreeMap<String, String> = rows
            .into_iter()
            .map(|row| {
                let mut cells = row.into_iter().flatten();
                let title = cells.next().unwrap_or_default();
                (title, cells.next().unwrap_or_default())
            })
            .collect();
        digest.insert("notifications".into(), format!("{:?}", self.boss.notes()));
        digest.insert("calls of evil code".into(), self.evil().to_string());
        for path in ["/tmp/zq7-copy", "/tmp/zq7-lo"] {
            let there = std::path::Path::new(path).exists();
            digest.insert(path.into(), there.to_string());
        }
        digest
    }

    /// How often code of the database ran that nobody may call.
    fn evil(&self) -> usize {
        let line = format!("EVIL was called in {}", self.database);
        let log = self.cluster.log();
        log.lines().filter(|said| said.ends_with(&line)).count()
    }

    /// What other sessions in this database are doing, but those that wait for a command.
    pub(crate) fn busy(&self) -> Vec<String> {
        let rows = self.boss.rows(
            "select format('%s %s: %s', pid, state, left(query, 200)) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'",
        );
        rows.into_iter().flatten().flatten().collect()
    }
}

/// The key of masks, which must not be said either.
pub(crate) const MASK_KEY: &str = "zq7-mask-key-0123456789abcdef0123456789abcdef";

/// What else can be changed, and how to see it.
const BEHIND: [(&str, &str); 9] = [
    ("large objects", "select loid, data from pg_largeobject"),
    ("their owners", "select * from pg_largeobject_metadata"),
    (
        "locks that stay",
        "select locktype, mode, objid from pg_locks where locktype = 'advisory' \
         and database = (select oid from pg_database where datname = current_database())",
    ),
    (
        "relations",
        "select oid, relname, relacl, reloptions, relrowsecurity from pg_class where oid > 16383",
    ),
    (
        "functions",
        "select oid, proname, prosrc, proacl from pg_proc where oid > 16383",
    ),
    (
        "roles",
        "select rolname, rolsuper, rolcreaterole, rolpassword from pg_authid where \
         rolname in ('boss', 'reader', 'scoped', 'zq7')",
    ),
    (
        "settings",
        "select setdatabase, setrole, setconfig from pg_db_role_setting where setdatabase = \
         (select oid from pg_database where datname = current_database()) or setdatabase = 0 \
         and setrole in (select oid from pg_roles where rolname in ('boss', 'reader', 'scoped'))",
    ),
    (
        "policies and rules",
        "select polname::text, polrelid from pg_policy union all \
         select rulename::text, ev_class from pg_rewrite where oid > 16383",
    ),
    (
        "prepared transactions and slots",
        "select gid from pg_prepared_xacts where database = current_database() union all \
         select slot_name from pg_replication_slots",
    ),
];
