//! What came with the database, and was changed since.

use super::proof::SQL;
use super::proof::findings;
use super::proof::refused;
use super::proof::schema;
use crate::effects::postgres::testing::database;

#[tokio::test]
async fn code_of_the_system_that_somebody_made_or_moved_is_found() {
    let Some(database) = database(SQL).await else {
        return;
    };
    let admin = database.admin().await;
    let role = database
        .role("r", "GRANT USAGE ON SCHEMA crm TO ROLE")
        .await;
    for (change, expected) in [
        (
            "CREATE FUNCTION pg_catalog.pg_ls_mine() RETURNS int4 LANGUAGE sql AS 'SELECT 1'",
            "may run pg_ls_mine()",
        ),
        (
            "CREATE FUNCTION crm.dblink_exec(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "may run crm.dblink_exec(text)",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text) TO PUBLIC; \
             ALTER FUNCTION pg_catalog.pg_stat_file(text) SET SCHEMA crm",
            "may run crm.pg_stat_file(text)",
        ),
        (
            "ALTER FUNCTION pg_catalog.lower(text) SECURITY DEFINER; \
             ALTER FUNCTION pg_catalog.lower(text) SET SCHEMA crm",
            "may run crm.lower(text), which has the rights of its owner",
        ),
        (
            "GRANT INSERT ON pg_catalog.pg_description TO PUBLIC; \
             GRANT UPDATE ON information_schema.tables TO ROLE",
            "has UPDATE on information_schema.tables",
        ),
    ] {
        let change = change.replace("TO ROLE", &format!("TO {role}"));
        admin.batch_execute(&change).await.unwrap();
        let found = findings(&database, &role, &schema(Vec::new())).await;
        let refused = refused(&found);
        assert!(
            refused.iter().any(|what| what.contains(expected)),
            "{change}: {found:#?}"
        );
    }
}
