//! Roles that may do too much, and the one that may not.

use std::sync::Arc;
use std::time::Instant;

use guard::label::Label;

use crate::effects::postgres::proof::Finding;
use crate::effects::postgres::proof::Severity;
use crate::effects::postgres::testing::Database;
use crate::effects::postgres::testing::database;
use crate::grant::grant_sql;
use crate::schema::Column;
use crate::schema::Schema;
use crate::schema::Table;
use crate::schema::TableName;
use crate::schema::Write;
use crate::schema::Writes;

pub(super) const SQL: &str = "\
CREATE SCHEMA crm; \
CREATE TABLE crm.customers (id serial PRIMARY KEY, name text, ssn text, owner text); \
CREATE TABLE crm.payroll (id int4, salary int4); \
CREATE VIEW crm.names AS SELECT name FROM crm.customers; \
CREATE FUNCTION crm.leak() RETURNS text LANGUAGE sql SECURITY DEFINER \
  AS 'SELECT ssn FROM crm.customers LIMIT 1'; \
CREATE FUNCTION crm.plain() RETURNS int4 LANGUAGE sql AS 'SELECT 1';";

fn declared(table: &str, columns: &[&str]) -> Table {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        kind: "text".to_owned(),
        nullable: true,
        label: Label::default(),
        mask: None,
        about: None,
    };
    Table {
        name: TableName {
            schema: "crm".to_owned(),
            table: table.to_owned(),
        },
        about: None,
        label: Label::default(),
        columns: columns.iter().map(column).collect(),
        key: Vec::new(),
        rows: None,
        filtered: false,
        count: None,
        writes: Writes::default(),
        estimate: None,
    }
}

pub(super) fn schema(tables: Vec<Table>) -> Schema {
    Schema {
        tables: tables.into_iter().map(Arc::new).collect(),
    }
}

fn customers() -> Table {
    declared("customers", &["id", "name"])
}

pub(super) async fn findings(database: &Database, role: &str, schema: &Schema) -> Vec<Finding> {
    let session = database.open(role, 1).session().await.unwrap();
    session.excess(schema).await.unwrap()
}

pub(super) fn refused(findings: &[Finding]) -> Vec<&str> {
    let refused = findings.iter().filter(|f| f.severity == Severity::Refuse);
    refused.map(|f| f.what.as_str()).collect()
}

#[tokio::test]
async fn the_role_that_grant_sql_writes_is_found_to_have_no_more_than_it_needs() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let admin = database.admin().await;
    let role = format!("granted \"{}", database.name);
    let reading = schema(vec![customers()]);
    let sql = grant_sql(&reading, &role, &database.name, &["app.user_id"]);
    // Twice: a role that is there is brought to what it should be.
    for _ in 0..2 {
        admin.batch_execute(&sql).await.unwrap();
    }
    admin
        .batch_execute("REVOKE EXECUTE ON FUNCTION crm.leak() FROM PUBLIC")
        .await
        .unwrap();
    let target = format!(
        "host={} port={} user='{role}' dbname={}",
        database.cluster.socket().display(),
        database.cluster.port(),
        database.name
    );
    let settings = crate::effects::postgres::Settings::default();
    let postgres =
        crate::effects::postgres::Postgres::open(target.parse().unwrap(), |_| Ok(None), settings);
    let session = postgres.session().await.unwrap();
    let begun = Instant::now();
    let found = session.excess(&reading).await.unwrap();
    eprintln!("the proof took {:?}", begun.elapsed());
    assert_eq!(refused(&found), Vec::<&str>::new());
    assert!(found.iter().any(|f| f.what.contains("set_config")));
    // The same for one that writes.
    let mut table = customers();
    table.writes.insert = Some(Write {
        columns: vec!["name".to_owned()],
        subject_column: Some("owner".to_owned()),
        ..Write::default()
    });
    table.writes.update = Some(Write {
        columns: vec!["name".to_owned()],
        ..Write::default()
    });
    table.writes.delete = Some(Write::default());
    let writing = schema(vec![table]);
    admin
        .batch_execute(&grant_sql(&writing, &role, &database.name, &[]))
        .await
        .unwrap();
    let found = session.excess(&writing).await.unwrap();
    assert_eq!(refused(&found), Vec::<&str>::new());
    let sequence = found
        .iter()
        .find(|f| f.what.contains("customers_id_seq"))
        .unwrap();
    admin
        .batch_execute(sequence.fix.as_deref().unwrap())
        .await
        .unwrap();
    let found = session.excess(&writing).await.unwrap();
    assert!(
        !found.iter().any(|f| f.what.contains("sequence")),
        "{found:?}"
    );
    // What it wrote with is too much for one that reads, and each fix mends what it says.
    let found = session.excess(&reading).await.unwrap();
    assert_eq!(refused(&found).len(), 4, "{found:?}");
    for finding in found.iter().filter(|f| f.severity == Severity::Refuse) {
        admin
            .batch_execute(finding.fix.as_deref().unwrap())
            .await
            .unwrap();
    }
    let found = session.excess(&reading).await.unwrap();
    assert_eq!(refused(&found), Vec::<&str>::new());
}

#[tokio::test]
async fn a_superuser_and_an_owner_are_refused() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let reading = schema(vec![customers()]);
    let found = findings(&database, "postgres", &reading).await;
    assert!(
        refused(&found)
            .iter()
            .any(|what| what.contains("superuser")),
        "{found:?}"
    );
    assert!(found.len() < 10);
    let owner = database
        .role(
            "owner",
            "ALTER TABLE crm.customers OWNER TO ROLE; \
        GRANT USAGE ON SCHEMA crm TO ROLE; ALTER SCHEMA crm OWNER TO ROLE; \
        ALTER FUNCTION crm.plain() OWNER TO ROLE;",
        )
        .await;
    let found = findings(&database, &owner, &reading).await;
    let refused = refused(&found);
    for owned in [
        "table crm.customers",
        "schema crm",
        "function crm.plain()",
        "sequence crm.customers_id_seq",
    ] {
        assert!(
            refused
                .iter()
                .any(|what| what.contains(&format!("owns the {owned}"))),
            "{owned}: {found:#?}"
        );
    }
    assert!(refused.iter().any(|what| what.contains("not declared")));
}

#[tokio::test]
async fn each_right_beyond_the_declared_ones_is_found_and_its_fix_mends_it() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let admin = database.admin().await;
    let prepare = "GRANT USAGE ON SCHEMA crm TO ROLE; GRANT SELECT (id, name) ON crm.customers TO ROLE; \
        REVOKE EXECUTE ON FUNCTION crm.leak() FROM PUBLIC";
    let role = database.role("r", prepare).await;
    let temporary = format!("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", database.name);
    admin.batch_execute(&temporary).await.unwrap();
    let create = "REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    admin.batch_execute(create).await.unwrap();
    let reading = schema(vec![customers()]);
    assert_eq!(
        refused(&findings(&database, &role, &reading).await),
        Vec::<&str>::new()
    );
    let other = database.role("other", "").await;
    let name = &database.name;
    for (grant, expected) in [
        ("ALTER ROLE ROLE CREATEROLE", "has CREATEROLE"),
        ("ALTER ROLE ROLE CREATEDB", "has CREATEDB"),
        ("ALTER ROLE ROLE REPLICATION", "has REPLICATION"),
        ("ALTER ROLE ROLE BYPASSRLS", "has BYPASSRLS"),
        ("GRANT OTHER TO ROLE", "is a member of"),
        ("GRANT pg_monitor TO ROLE", "is a member of"),
        (
            "GRANT SELECT (ssn) ON crm.customers TO ROLE",
            "columns of crm.customers",
        ),
        (
            "GRANT SELECT ON crm.customers TO PUBLIC",
            "columns of crm.customers",
        ),
        (
            "GRANT SELECT (salary) ON crm.payroll TO PUBLIC",
            "may read crm.payroll",
        ),
        ("GRANT SELECT ON crm.names TO ROLE", "may read crm.names"),
        (
            "GRANT INSERT ON crm.customers TO ROLE",
            "has INSERT on crm.customers",
        ),
        (
            "GRANT UPDATE (name) ON crm.customers TO ROLE",
            "has UPDATE on crm.customers",
        ),
        (
            "GRANT DELETE ON crm.payroll TO PUBLIC",
            "has DELETE on crm.payroll",
        ),
        (
            "GRANT TRUNCATE ON crm.payroll TO ROLE",
            "has TRUNCATE on crm.payroll",
        ),
        (
            "GRANT REFERENCES (id) ON crm.payroll TO ROLE",
            "has REFERENCES on crm.payroll",
        ),
        (
            "GRANT TRIGGER ON crm.payroll TO ROLE",
            "has TRIGGER on crm.payroll",
        ),
        (
            "GRANT USAGE ON SEQUENCE crm.customers_id_seq TO ROLE",
            "has USAGE on the sequence",
        ),
        (
            "GRANT CREATE ON SCHEMA crm TO PUBLIC",
            "has CREATE on the schema crm",
        ),
        (
            "GRANT CREATE ON DATABASE DB TO ROLE",
            "has CREATE on the database",
        ),
        (
            "GRANT TEMPORARY ON DATABASE DB TO PUBLIC",
            "has TEMPORARY on the database",
        ),
        (
            "GRANT EXECUTE ON FUNCTION crm.leak() TO PUBLIC",
            "may run crm.leak()",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO ROLE",
            "may run pg_read_file(text)",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_catalog.lo_export(oid, text) TO PUBLIC",
            "may run lo_export(oid,text)",
        ),
        (
            "GRANT SELECT ON pg_catalog.pg_authid TO ROLE",
            "has SELECT on pg_authid",
        ),
        (
            "GRANT SELECT ON pg_catalog.pg_largeobject TO ROLE",
            "has SELECT on pg_largeobject",
        ),
        (
            "GRANT SET ON PARAMETER session_preload_libraries TO ROLE",
            "on the setting",
        ),
    ] {
        let grant = grant.replace("ROLE ROLE", &format!("ROLE {role}"));
        let grant = grant.replace("OTHER", &other).replace("DB", name);
        let grant = match grant.strip_suffix("TO ROLE") {
            Some(start) => format!("{start}TO {role}"),
            None => grant.replace(&format!("CREATE{name}"), "CREATEDB"),
        };
        admin
            .batch_execute(&grant)
            .await
            .unwrap_or_else(|error| panic!("{grant}: {error:?}"));
        let found = findings(&database, &role, &reading).await;
        let first = found.iter().find(|f| f.what.contains(expected));
        let first = first.unwrap_or_else(|| panic!("{grant}: {found:#?}"));
        assert_eq!(first.severity, Severity::Refuse);
        for finding in found.iter().filter(|f| f.severity == Severity::Refuse) {
            let fix = finding.fix.as_deref().unwrap();
            admin
                .batch_execute(fix)
                .await
                .unwrap_or_else(|error| panic!("{fix}: {error:?}"));
        }
        let found = findings(&database, &role, &reading).await;
        assert_eq!(refused(&found), Vec::<&str>::new(), "{grant}");
    }
}

#[tokio::test]
async fn what_is_declared_and_cannot_be_used_is_refused() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let admin = database.admin().await;
    let role = database.role("r", "").await;
    let mut table = declared("customers", &["id", "name", "nmae"]);
    table.writes.delete = Some(Write::default());
    let typos = schema(vec![table, declared("custmers", &["id"])]);
    let found = findings(&database, &role, &typos).await;
    let told = refused(&found);
    assert!(told.contains(&"there is no table crm.custmers"));
    assert!(told.contains(&"table crm.customers has no column nmae"));
    assert!(told.contains(&"the role may not use the schema crm"));
    for _ in 0..2 {
        let found = findings(&database, &role, &typos).await;
        let fixes = found.iter().filter(|f| f.what.contains("may not"));
        for fix in fixes.filter_map(|f| f.fix.as_deref()) {
            admin.batch_execute(fix).await.unwrap();
        }
    }
    let found = findings(&database, &role, &typos).await;
    assert!(
        !refused(&found).iter().any(|what| what.contains("may not")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn views_and_policies_that_do_not_hold_are_told() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let admin = database.admin().await;
    let policy = "CREATE POLICY own ON crm.customers USING (true); \
        CREATE POLICY leaky ON crm.payroll USING (crm.leak() IS NOT NULL)";
    admin.batch_execute(policy).await.unwrap();
    let role = database
        .role("r", "GRANT USAGE ON SCHEMA crm TO ROLE")
        .await;
    let all = schema(vec![customers(), declared("names", &["name"])]);
    let found = findings(&database, &role, &all).await;
    let warned = |part: &str| {
        found
            .iter()
            .any(|f| f.severity == Severity::Warn && f.what.contains(part))
    };
    assert!(warned("crm.names is a view"));
    assert!(warned("crm.customers has policies"));
    assert!(warned("a policy calls it"));
    assert!(warned("functions of the schema crm"));
    assert!(warned("set_config"));
    assert!(warned("plpgsql"));
}
