//! The command line: what is served without a configuration, and what is refused before anything is.

use std::process::Command;

use harness::BOSS;
use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::run;
use serde_json::json;

use super::bed::Variant;
use super::bed::attacked;
use super::bed::cluster;
use super::writes::Shop;

/// A database, and a role in it with some columns and no way to more.
struct Seed {
    world: World,
    database: String,
    connection: String,
}

impl Seed {
    fn new() -> Option<Self> {
        let cluster = cluster()?;
        let database = attacked(cluster, Variant::A);
        let role = format!("seed_{database}");
        let boss = cluster.connect(BOSS, &database);
        boss.run(&format!(
            "create role {role} login; \
             revoke usage on schema public, evil from public; \
             revoke select on public.decoy from public; \
             revoke execute on all functions in schema public, evil from public; \
             revoke select on large object 424242 from public; \
             revoke temporary on database {database} from public; \
             grant usage on schema public to {role}; \
             grant select (id, name, country) on public.customers to {role}; \
             grant select on public.base to {role}"
        ));
        Some(Self {
            world: World::in_memory(),
            connection: format!("{}?sslmode=disable", cluster.url(&role, &database)),
            database,
        })
    }

    fn command(&self, connection: &str, env: &[(&str, &str)]) -> Command {
        let mut command = Command::new(bin("scoped-db"));
        command.arg(format!("--connection={connection}"));
        command.args(self.world.arguments(&["--audit={dir}/audit"]));
        command.env_clear();
        for (name, value) in env {
            command.env(name, value);
        }
        command
    }
}

#[test]
fn a_connection_alone_shows_what_its_role_may_read() {
    let Some(seed) = Seed::new() else { return };
    for env in [&[][..], &[("DB_READ_ONLY", "true")][..]] {
        let mut command = seed.command(&seed.connection, env);
        let mut raw = Raw::spawn(&mut command, Era::Legacy);
        raw.listen();
        let client = json!({"name": "e2e", "version": "0"});
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        raw.ask("initialize", params).ok();
        raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        let listed = raw.call("list_tables", json!({})).ok();
        let text = listed.structured().to_string();
        assert!(
            text.contains("customers") && text.contains("base"),
            "{text}"
        );
        for hidden in ["payroll", "documents", "heir", "ssn"] {
            assert!(!text.contains(hidden), "{text}");
        }
        let answer = raw.call(
            "query_rows",
            json!({"sql": "SELECT * FROM customers LIMIT 1"}),
        );
        let answer = answer.ok();
        let columns = answer.structured()["columns"].as_array().unwrap();
        let names: Vec<&str> = columns.iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(names, ["id", "name", "country"]);
        let label = &answer.result()["_meta"]["dev.keyhole/security-label"];
        assert_eq!(label["level"], "internal");
        let answer = raw.call("query_rows", json!({"sql": "SELECT ssn FROM customers"}));
        assert!(!answer.is_ok());
        assert_eq!(raw.close().code, Some(0));
    }
}

#[test]
fn a_read_write_connection_is_refused_with_a_clear_line() {
    let Some(seed) = Seed::new() else { return };
    for value in ["false", "0", "no", "maybe"] {
        let output = seed
            .command(&seed.connection, &[("DB_READ_ONLY", value)])
            .output()
            .expect("runs");
        assert_ne!(output.status.code(), Some(0), "{value}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("DB_READ_ONLY"), "{value}: {told}");
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn a2_a_role_that_can_do_more_is_refused() {
    let Some(cluster) = cluster() else { return };
    let Some(seed) = Seed::new() else { return };
    let boss = cluster.connect(BOSS, &seed.database);
    boss.run(
        "do $$ begin create role holder login; exception when duplicate_object then null; end $$",
    );
    boss.run("alter table public.base owner to holder");
    boss.run("grant usage on schema public to holder");
    for role in ["boss", "holder"] {
        let url = format!("{}?sslmode=disable", cluster.url(role, &seed.database));
        let output = seed.command(&url, &[]).output().expect("runs");
        assert_eq!(output.status.code(), Some(3), "{role}: {output:?}");
        assert_eq!(output.stdout, b"");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.len() > 40, "{role}: {told}");
        assert!(!told.contains("postgres://"), "{told}");
    }
}

#[test]
fn a2_each_excess_is_found_and_said() {
    let Some(cluster) = cluster() else { return };
    let Some(shop) = Shop::open() else { return };
    let role = &shop.role;
    let missed = std::cell::RefCell::new(Vec::new());
    let refused = |what: &str| {
        let arguments = shop.world.arguments(&[
            "--config={dir}/config.toml",
            "--audit={dir}/audit",
            "--subject=ann",
        ]);
        let ran = run(&bin("scoped-db"), &arguments);
        assert_eq!(ran.stdout, "");
        // 2 where the configuration cannot be served from such a database at all
        if !matches!(ran.code, Some(2 | 3)) {
            missed.borrow_mut().push(what.to_owned());
        }
    };
    boss_and_back(
        &shop,
        "alter role {role} bypassrls",
        "alter role {role} nobypassrls",
        refused,
    );
    boss_and_back(
        &shop,
        "alter role {role} createrole",
        "alter role {role} nocreaterole",
        refused,
    );
    boss_and_back(
        &shop,
        "alter role {role} createdb",
        "alter role {role} nocreatedb",
        refused,
    );
    boss_and_back(
        &shop,
        "alter role {role} replication",
        "alter role {role} noreplication",
        refused,
    );
    for (give, take) in [
        ("grant scoped to {role}", "revoke scoped from {role}"),
        (
            "grant pg_read_all_data to {role}",
            "revoke pg_read_all_data from {role}",
        ),
        (
            "grant select (secret) on crm.customers to {role}",
            "revoke select (secret) on crm.customers from {role}",
        ),
        (
            "grant select on crm.payroll to {role}",
            "revoke select on crm.payroll from {role}",
        ),
        (
            "grant select on crm.payroll to public",
            "revoke select on crm.payroll from public",
        ),
        (
            "grant insert on crm.tasks to {role}",
            "revoke insert on crm.tasks from {role}",
        ),
        (
            "grant update (secret) on crm.customers to {role}",
            "revoke update (secret) on crm.customers from {role}",
        ),
        (
            "grant truncate on crm.calls to {role}",
            "revoke truncate on crm.calls from {role}",
        ),
        (
            "grant create on schema crm to {role}",
            "revoke create on schema crm from {role}",
        ),
        (
            "create function crm.definer() returns int language sql security definer as 'select 1'",
            "drop function crm.definer()",
        ),
        (
            "grant references on crm.customers to {role}",
            "revoke references on crm.customers from {role}",
        ),
        (
            "grant trigger on crm.tasks to {role}",
            "revoke trigger on crm.tasks from {role}",
        ),
        (
            "grant select (id) on crm.payroll to public",
            "revoke select (id) on crm.payroll from public",
        ),
        (
            "grant usage on sequence crm.customers_id_seq to {role}",
            "revoke usage on sequence crm.customers_id_seq from {role}",
        ),
        (
            "grant select on pg_catalog.pg_authid to {role}",
            "revoke select on pg_catalog.pg_authid from {role}",
        ),
        (
            "grant execute on function pg_read_file(text) to {role}",
            "revoke execute on function pg_read_file(text) from {role}",
        ),
        (
            "grant pg_monitor to {role} with admin option",
            "revoke pg_monitor from {role}",
        ),
        (
            "select lo_create(99); grant select on large object 99 to {role}",
            "select lo_unlink(99)",
        ),
        (
            "do 'begin execute format(''grant create on database %I to {role}'', \
             current_database()); end'",
            "do 'begin execute format(''revoke create on database %I from {role}'', \
             current_database()); end'",
        ),
        // code that is reached by the type of a column, whatever schema it is in
        (
            "create schema apart; create function apart.f(crm.mood) returns text language sql \
             security definer as 'select ''x''::text'; \
             create cast (crm.mood as text) with function apart.f(crm.mood)",
            "drop schema apart cascade",
        ),
        (
            "create schema apart; create function apart.f(crm.mood) returns json language sql \
             as 'select ''1''::json'; \
             create cast (crm.mood as json) with function apart.f(crm.mood)",
            "drop schema apart cascade",
        ),
        (
            "alter table crm.unsettled owner to {role}",
            "alter table crm.unsettled owner to boss",
        ),
    ] {
        boss_and_back(&shop, give, take, refused);
    }
    let missed = missed.into_inner();
    assert!(missed.is_empty(), "not found: {missed:#?}");
    // and with none of them it serves
    let mut raw = shop.serve("ann");
    raw.call("list_tables", json!({})).ok();
    assert_eq!(raw.close().code, Some(0));
    drop(cluster.connect(role, "postgres"));
}

fn boss_and_back(shop: &Shop, give: &str, take: &str, between: impl Fn(&str)) {
    shop.boss.run(&give.replace("{role}", &shop.role));
    between(give);
    shop.boss.run(&take.replace("{role}", &shop.role));
}

#[test]
fn check_says_what_is_served_and_what_is_wrong() {
    let Some(shop) = Shop::open() else { return };
    let check = || {
        let arguments =
            shop.world
                .arguments(&["check", "--config={dir}/config.toml", "--audit={dir}/audit"]);
        run(&bin("scoped-db"), &arguments)
    };
    let ran = check();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    shop.boss
        .run(&format!("grant select on crm.payroll to {}", shop.role));
    let ran = check();
    assert_ne!(ran.code, Some(0));
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("payroll"), "the operator is told: {told}");
    assert!(
        told.to_lowercase().contains("revoke"),
        "and how to mend it: {told}"
    );
}

#[test]
fn a_draft_of_a_configuration_parses_and_serves() {
    let Some(seed) = Seed::new() else { return };
    let connection = format!("--connection={}", seed.connection);
    let arguments = seed
        .world
        .arguments(&["init", &connection, "--audit={dir}/audit"]);
    let ran = run(&bin("scoped-db"), &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("[[tables]]"), "{}", ran.stdout);
    let offered = ran.stdout.lines().any(|line| line.starts_with("ssn"));
    assert!(!offered, "{}", ran.stdout);
    seed.world.file("config.toml", &ran.stdout);
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    let arguments = seed.world.arguments(&arguments);
    let mut raw = Raw::start(&bin("scoped-db"), &arguments, Era::Modern);
    let listed = raw.call("list_tables", json!({})).ok();
    assert!(
        listed.structured().to_string().contains("base"),
        "{}",
        listed.short()
    );
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn one_question_on_the_command_line_is_answered_and_recorded() {
    let Some(shop) = Shop::open() else { return };
    let ask = |sql: &str| {
        let arguments = shop.world.arguments(&[
            "query",
            "--config={dir}/config.toml",
            "--audit={dir}/audit",
            "--subject=clara",
            sql,
        ]);
        run(&bin("scoped-db"), &arguments)
    };
    let ran = ask("SELECT id, name FROM crm.customers ORDER BY id LIMIT 1");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("One"), "{}", ran.stdout);
    let ran = ask("SELECT secret FROM crm.customers");
    assert_ne!(ran.code, Some(0));
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("zq7"));
    assert_eq!(shop.world.trail().outcomes().count(), 2);
}
