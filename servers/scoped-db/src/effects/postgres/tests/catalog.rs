use crate::effects::postgres::testing::database;
use crate::schema::TableName;

#[tokio::test]
async fn the_catalog_tells_tables_columns_keys_and_what_the_role_may_read() {
    let sql = "CREATE SCHEMA crm; \
               CREATE TYPE crm.mood AS ENUM ('glad'); \
               CREATE DOMAIN crm.age AS int4 CHECK (value > 0); \
               CREATE DOMAIN crm.old AS crm.age; \
               CREATE TYPE crm.pair AS (a int4, b int4); \
               CREATE TABLE crm.people (b int4, a int4 NOT NULL, dropped int4, mood crm.mood, \
                 moods crm.mood[], old crm.old, pair crm.pair, point point, PRIMARY KEY (b, a)); \
               ALTER TABLE crm.people DROP COLUMN dropped; \
               ALTER TABLE crm.people ENABLE ROW LEVEL SECURITY; \
               COMMENT ON COLUMN crm.people.a IS 'label=personal'; \
               COMMENT ON TABLE crm.people IS 'who we know'; \
               CREATE VIEW crm.seen AS SELECT a FROM crm.people;";
    let Some(database) = database(sql).await else {
        return;
    };
    let grants = "GRANT USAGE ON SCHEMA crm TO ROLE; GRANT SELECT (a) ON crm.people TO ROLE";
    let reader = database.role("reader", grants).await;
    let session = database.open(&reader, 1).session().await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let names: Vec<String> = catalog.tables.iter().map(|t| t.name.to_string()).collect();
    assert_eq!(names, ["crm.people", "crm.seen"]);
    let people = &catalog.tables[0];
    assert_eq!(people.key, ["b", "a"]);
    assert_eq!(people.comment.as_deref(), Some("who we know"));
    assert_eq!(people.estimate, None);
    assert!(people.row_security && !people.view);
    let columns: Vec<_> = people.columns.iter().collect();
    let told: Vec<_> = columns
        .iter()
        .map(|c| {
            (
                c.name.as_str(),
                c.kind.as_str(),
                c.plain,
                c.nullable,
                c.readable,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("b", "int4", true, false, false),
            ("a", "int4", true, false, true),
            ("mood", "mood", true, true, false),
            ("moods", "_mood", true, true, false),
            ("old", "int4", true, true, false),
            ("pair", "pair", false, true, false),
            ("point", "point", true, true, false),
        ]
    );
    assert_eq!(columns[1].comment.as_deref(), Some("label=personal"));
    assert_eq!(columns[0].comment, None);
    let seen = TableName {
        schema: "crm".to_owned(),
        table: "seen".to_owned(),
    };
    assert!(catalog.find(&seen).unwrap().view);
}
