//! Asks the catalog what the role may do, in one message.
//!
//! Each row is one fact: its kind, and up to five texts that say what it is about. The questions
//! are about the role that the session has; what they find is judged elsewhere.
//!
//! # Invariants
//!
//! - Every name is that of the system's own schema, and nothing of a configuration is in here.

use std::collections::BTreeSet;

use guard::error::Fault;
use tokio_postgres::SimpleQueryMessage;

use super::super::link::Link;
use super::super::trouble::failure;
use crate::schema::TableName;

/// One thing that the role may do, or is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Fact {
    pub(super) kind: String,
    pub(super) about: [String; 5],
}

impl Fact {
    /// The first text.
    pub(super) fn first(&self) -> &str {
        let [first, ..] = &self.about;
        first
    }

    /// The table, for facts that are about one.
    pub(super) fn table(&self) -> TableName {
        let [schema, table, ..] = &self.about;
        TableName {
            schema: schema.clone(),
            table: table.clone(),
        }
    }

    /// Whether it is about this table.
    pub(super) fn is_about(&self, name: &TableName) -> bool {
        let [schema, table, ..] = &self.about;
        *schema == name.schema && *table == name.table
    }

    /// All columns of a relation.
    pub(super) fn all_columns(&self) -> BTreeSet<String> {
        serde_json::from_str(self.last()).unwrap_or_default()
    }

    /// The columns, for facts that have some.
    pub(super) fn columns(&self) -> BTreeSet<String> {
        let [.., columns, _] = &self.about;
        serde_json::from_str(columns).unwrap_or_default()
    }

    /// The last text.
    pub(super) fn last(&self) -> &str {
        let [.., last] = &self.about;
        last
    }
}

/// All that the role may do beyond what everybody may do with the system's own schemas.
pub(super) async fn read(link: &Link) -> Result<Vec<Fact>, Fault> {
    let mut text = QUESTIONS.join(";\n");
    if link.version >= 15 {
        text.push_str(";\n");
        text.push_str(PARAMETERS);
    }
    if link.version < 17 {
        text = text.replace(", ('MAINTAIN', false)", "");
    }
    let told = link.client.simple_query(&text).await;
    let told = told.map_err(|error| failure("read the rights of the role", &error))?;
    Ok(told.iter().filter_map(fact).collect())
}

fn fact(message: &SimpleQueryMessage) -> Option<Fact> {
    let SimpleQueryMessage::Row(row) = message else {
        return None;
    };
    let column = |at: usize| {
        let text = (at < row.len()).then(|| row.try_get(at).ok().flatten());
        text.flatten().unwrap_or_default().to_owned()
    };
    Some(Fact {
        kind: column(0),
        about: [column(1), column(2), column(3), column(4), column(5)],
    })
}

const QUESTIONS: &[&str] = &[
    ATTRIBUTES,
    MEMBERSHIPS,
    OWNED,
    RELATIONS,
    READS,
    WRITES,
    SEQUENCES,
    LARGE_OBJECTS,
    SYSTEM,
    PLACES,
    FUNCTIONS,
    FOREIGN,
    LANGUAGES,
    DEFAULTS,
];

const ATTRIBUTES: &str = "\
SELECT 'role', current_user, session_user;
SELECT 'attribute', v.name
  FROM pg_catalog.pg_roles r
  CROSS JOIN LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole),
    ('CREATEDB', r.rolcreatedb), ('REPLICATION', r.rolreplication),
    ('BYPASSRLS', r.rolbypassrls)) AS v(name, is_on)
 WHERE r.rolname = current_user AND v.is_on";

const MEMBERSHIPS: &str = "\
SELECT 'member', r.rolname
  FROM pg_catalog.pg_roles r
 WHERE r.rolname NOT IN (current_user, 'pg_database_owner')
   AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles s WHERE s.rolname = current_user AND s.rolsuper)
 ORDER BY 2";

const OWNED: &str = "\
SELECT 'owner', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM pg_catalog.pg_shdepend d
  JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid AND r.rolname = current_user
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o'
   AND d.dbid IN (0, (SELECT b.oid FROM pg_catalog.pg_database b
                       WHERE b.datname = current_database()))
UNION ALL
SELECT 'owner', 'database ' || b.datname
  FROM pg_catalog.pg_database b JOIN pg_catalog.pg_roles r ON r.oid = b.datdba
 WHERE r.rolname = current_user AND b.datname = current_database() AND r.oid < 16384
 ORDER BY 2";

/// What there is, whether or not the role may use it: declared names are looked up in here.
const RELATIONS: &str = "\
SELECT 'usage', n.nspname FROM pg_catalog.pg_namespace n
 WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE');
SELECT 'relation', n.nspname, c.relname, c.relkind,
       pg_catalog.concat_ws(' ', CASE WHEN c.relrowsecurity THEN 'secured' END,
         CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
              THEN 'policies' END,
         CASE WHEN pg_catalog.array_to_string(c.reloptions, ' ')
                ~* '(^| )security_invoker=(true|on|1|yes)' THEN 'invoker' END),
       (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// Columns that can be read, and whether everybody may.
const READS: &str = "\
SELECT 'read', n.nspname, c.relname,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x
                          WHERE x.grantee = 0 AND x.privilege_type = 'SELECT')
              OR EXISTS (SELECT FROM pg_catalog.pg_attribute b
                          CROSS JOIN LATERAL pg_catalog.aclexplode(b.attacl) x
                          WHERE b.attrelid = c.oid AND x.grantee = 0
                            AND x.privilege_type = 'SELECT') THEN 'public' END,
       (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
 ORDER BY 2, 3";

/// What can be done to tables, by columns where the right has columns.
const WRITES: &str = "\
SELECT 'write', n.nspname, c.relname,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x
                          WHERE x.grantee = 0 AND x.privilege_type = p.name)
            THEN 'public' END,
       CASE WHEN p.by_column THEN
         (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND pg_catalog.has_column_privilege(c.oid, a.attnum, p.name)) END,
       p.name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN (VALUES ('INSERT', true), ('UPDATE', true), ('REFERENCES', true), ('DELETE', false),
    ('TRUNCATE', false), ('TRIGGER', false), ('MAINTAIN', false)) AS p(name, by_column)
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND CASE WHEN p.by_column THEN pg_catalog.has_any_column_privilege(c.oid, p.name)
            ELSE pg_catalog.has_table_privilege(c.oid, p.name) END
 ORDER BY 2, 3, 6";

/// Sequences, each with the table that it counts for: also those that a new row needs.
const SEQUENCES: &str = "\
SELECT 'sequence', n.nspname, c.relname,
       (SELECT pg_catalog.concat_ws(' ', p.nspname, t.relname)
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
          JOIN pg_catalog.pg_namespace p ON p.oid = t.relnamespace
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.deptype = 'a' LIMIT 1),
       pg_catalog.concat_ws(' ',
         CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE') THEN 'USAGE' END,
         CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
         CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY 2, 3";

const LARGE_OBJECTS: &str = "\
SELECT 'large-objects', pg_catalog.count(*)
  FROM pg_catalog.pg_largeobject_metadata m
 WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) x
                LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
                WHERE x.grantee = 0 OR r.rolname = current_user)
HAVING pg_catalog.count(*) > 0;
SELECT 'large-objects', 'all' WHERE current_setting('lo_compat_privileges') = 'on'";

/// Tables of the system that are not open to everybody, or should not be, even in one column.
const SYSTEM: &str = "\
SELECT 'system', c.oid::pg_catalog.regclass, p.name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(name)
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND (n.nspname = 'information_schema' OR n.nspname = 'pg_catalog')
   AND pg_catalog.has_table_privilege(c.oid, p.name)
   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x
                    WHERE x.grantee = 0 AND x.privilege_type = p.name)
UNION
SELECT 'system', c.oid::pg_catalog.regclass, 'SELECT'
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
   AND c.relname IN ('pg_authid', 'pg_shadow', 'pg_statistic', 'pg_statistic_ext_data',
                     'pg_largeobject', 'pg_user_mapping', 'pg_hba_file_rules',
                     'pg_ident_file_mappings', 'pg_file_settings')
   AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
 ORDER BY 2, 3";

/// Where new things can be made.
const PLACES: &str = "\
SELECT 'create', 'SCHEMA', n.nspname, CASE WHEN EXISTS (
         SELECT FROM pg_catalog.aclexplode(n.nspacl) x
          WHERE x.grantee = 0 AND x.privilege_type = 'CREATE') THEN 'public' END, 'CREATE'
  FROM pg_catalog.pg_namespace n
 WHERE pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND n.nspname !~ '^pg_(toast|temp)'
UNION ALL
SELECT 'create', 'DATABASE', b.datname, CASE WHEN EXISTS (
         SELECT FROM pg_catalog.aclexplode(
                  COALESCE(b.datacl, pg_catalog.acldefault('d', b.datdba))) x
          WHERE x.grantee = 0 AND x.privilege_type = p.name) THEN 'public' END, p.name
  FROM pg_catalog.pg_database b CROSS JOIN (VALUES ('CREATE'), ('TEMPORARY')) AS p(name)
 WHERE b.datname = current_database()
   AND pg_catalog.has_database_privilege(b.oid, p.name)
UNION ALL
SELECT 'create', 'TABLESPACE', t.spcname, NULL, 'CREATE'
  FROM pg_catalog.pg_tablespace t
 WHERE pg_catalog.has_tablespace_privilege(t.oid, 'CREATE')
   AND t.spcname NOT IN ('pg_default', 'pg_global')";

/// Functions of others: those that run with their owner's rights, all the rest counted by schema,
/// and those of the system that are not for everybody.
const FUNCTIONS: &str = "\
SELECT 'definer', p.oid::pg_catalog.regprocedure, CASE WHEN EXISTS (
         SELECT FROM pg_catalog.aclexplode(
                  COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) x
          WHERE x.grantee = 0) THEN 'public' END,
       CASE WHEN EXISTS (
         SELECT FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND d.refobjid = p.oid) THEN 'policy' END
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype,
                            'pg_catalog.event_trigger'::pg_catalog.regtype)
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
 ORDER BY 2;
SELECT 'functions', n.nspname, pg_catalog.count(*)
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE NOT p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            THEN pg_catalog.has_function_privilege(p.oid, 'EXECUTE') END
 GROUP BY n.nspname ORDER BY 2;
WITH few AS MATERIALIZED (
  SELECT p.oid, p.pronamespace, p.proacl,
         p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file', 'lo_import',
                       'lo_export', 'pg_reload_conf', 'pg_rotate_logfile')
           OR p.proname LIKE 'pg\\_ls\\_%' OR p.proname LIKE 'pg\\_file\\_%'
           OR p.proname LIKE 'dblink%' AS named
    FROM pg_catalog.pg_proc p
)
SELECT 'power', p.oid::pg_catalog.regprocedure
  FROM few p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE (p.named OR n.nspname = 'pg_catalog' AND p.proacl IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) x WHERE x.grantee = 0))
   AND CASE WHEN p.named OR p.proacl IS NOT NULL
            THEN pg_catalog.has_schema_privilege(n.oid, 'USAGE')
             AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE') END
 ORDER BY 2;
SELECT 'set_config'
 WHERE pg_catalog.has_function_privilege(
         'pg_catalog.set_config(pg_catalog.text, pg_catalog.text, pg_catalog.bool)', 'EXECUTE')";

const FOREIGN: &str = "\
SELECT 'foreign', 'SERVER', s.srvname FROM pg_catalog.pg_foreign_server s
 WHERE pg_catalog.has_server_privilege(s.oid, 'USAGE')
UNION ALL
SELECT 'foreign', 'DATA WRAPPER', w.fdwname FROM pg_catalog.pg_foreign_data_wrapper w
 WHERE pg_catalog.has_foreign_data_wrapper_privilege(w.oid, 'USAGE')
 ORDER BY 2, 3";

const LANGUAGES: &str = "\
SELECT 'language', l.lanname, CASE WHEN l.lanpltrusted THEN 'trusted' END
  FROM pg_catalog.pg_language l
 WHERE l.lanispl AND pg_catalog.has_language_privilege(l.oid, 'USAGE')
 ORDER BY 2";

/// Rights in what does not exist yet.
const DEFAULTS: &str = "\
SELECT DISTINCT 'default', r.rolname, COALESCE(n.nspname, ''), x.privilege_type,
       CASE WHEN x.grantee = 0 THEN 'public' END, d.defaclobjtype
  FROM pg_catalog.pg_default_acl d
  JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) x
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = x.grantee
 WHERE (x.grantee = 0 OR g.rolname = current_user) AND d.defaclobjtype IN ('r', 'S', 'n')
 ORDER BY 2, 3, 4";

/// Settings that only a superuser could change. Since 15.
const PARAMETERS: &str = "\
SELECT 'parameter', a.parname, x.privilege_type
  FROM pg_catalog.pg_parameter_acl a
  CROSS JOIN LATERAL pg_catalog.aclexplode(a.paracl) x
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = x.grantee
 WHERE x.grantee = 0 OR g.rolname = current_user
 ORDER BY 2, 3";
