//! What the catalog is asked about a role, in SQL.
//!
//! A start waits for the answers, so each question is put to as few tables as it can be: planning
//! a question takes longer than answering it.
//!
//! # Invariants
//!
//! - Every name is that of the system's own schema, and nothing of a configuration is in here.
//! - A right is asked of the server's own `has_..._privilege`, which counts what everybody has and
//!   what memberships give. Lists of grants only tell whom a right must be taken from.

/// All questions to a server of this version, as one message.
pub(super) fn all(version: u32) -> String {
    let mut text = QUESTIONS.join(";\n");
    if version >= 15 {
        text.push_str(";\n");
        text.push_str(PARAMETERS);
    }
    if version < 17 {
        text = text.replace(", ('MAINTAIN', false)", "");
    }
    text
}

const QUESTIONS: &[&str] = &[
    ROLES,
    OWNED,
    RELATIONS,
    RIGHTS,
    SEQUENCES,
    LARGE_OBJECTS,
    SYSTEM,
    PLACES,
    FUNCTIONS,
    FOREIGN,
    LANGUAGES,
    DEFAULTS,
];

/// Who the role is, what it is by itself, and what it is a member of.
const ROLES: &str = "\
SELECT 'role', current_user, session_user;
SELECT v.kind, v.name
  FROM pg_catalog.pg_roles r
  CROSS JOIN LATERAL (VALUES ('attribute', 'SUPERUSER', r.rolsuper),
    ('attribute', 'CREATEROLE', r.rolcreaterole), ('attribute', 'CREATEDB', r.rolcreatedb),
    ('attribute', 'REPLICATION', r.rolreplication), ('attribute', 'BYPASSRLS', r.rolbypassrls),
    ('member', r.rolname, NULL)) AS v(kind, name, is_on)
 WHERE CASE v.kind
         WHEN 'attribute' THEN v.is_on AND r.rolname = current_user
         ELSE r.rolname NOT IN (current_user, 'pg_database_owner')
              AND pg_catalog.pg_has_role(r.oid, 'MEMBER') END
 ORDER BY 1, 2";

const OWNED: &str = "\
SELECT 'owner', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM pg_catalog.pg_shdepend d
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o'
   AND d.refobjid = pg_catalog.to_regrole(pg_catalog.quote_ident(current_user))
   AND d.dbid IN (0, (SELECT b.oid FROM pg_catalog.pg_database b
                       WHERE b.datname = current_database()))
UNION ALL
SELECT 'owner', 'database ' || b.datname
  FROM pg_catalog.pg_database b
 WHERE b.datdba = pg_catalog.to_regrole(pg_catalog.quote_ident(current_user))
   AND b.datname = current_database() AND b.datdba < 16384
 ORDER BY 2";

/// Schemas that can be used, and relations that let through what their reader may not expect.
const RELATIONS: &str = "\
SELECT 'usage', n.nspname FROM pg_catalog.pg_namespace n
 WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE');
SELECT 'relation', n.nspname, c.relname, c.relkind,
       pg_catalog.concat_ws(' ', CASE WHEN c.relrowsecurity THEN 'secured' END,
         CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
              THEN 'policies' END,
         CASE WHEN pg_catalog.array_to_string(c.reloptions, ' ')
                ~* '(^| )security_invoker=(true|on|1|yes)' THEN 'invoker' END)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE (c.relkind IN ('v', 'm', 'f') OR c.relkind IN ('r', 'p')
        AND EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid))
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// What can be done to tables, by columns where the right has columns, and whether everybody may.
const RIGHTS: &str = "\
SELECT CASE p.name WHEN 'SELECT' THEN 'read' ELSE 'write' END, n.nspname, c.relname,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x
                          WHERE x.grantee = 0 AND x.privilege_type = p.name)
              OR p.name = 'SELECT' AND l.public THEN 'public' END,
       l.columns, p.name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN (VALUES ('SELECT', true), ('INSERT', true), ('UPDATE', true), ('REFERENCES', true),
    ('DELETE', false), ('TRUNCATE', false), ('TRIGGER', false), ('MAINTAIN', false))
    AS p(name, by_column)
  CROSS JOIN LATERAL (
    SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
             FILTER (WHERE CASE WHEN p.by_column
               THEN pg_catalog.has_column_privilege(c.oid, a.attnum, p.name) END) AS columns,
           pg_catalog.bool_or(a.attacl IS NOT NULL AND EXISTS (
             SELECT FROM pg_catalog.aclexplode(a.attacl) x
              WHERE x.grantee = 0 AND x.privilege_type = p.name)) AS public
      FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) l
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND CASE WHEN p.by_column THEN pg_catalog.has_any_column_privilege(c.oid, p.name)
            ELSE pg_catalog.has_table_privilege(c.oid, p.name) END
 ORDER BY 1, 2, 3, 6";

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
                WHERE x.grantee IN (0, pg_catalog.to_regrole(pg_catalog.quote_ident(current_user))))
HAVING pg_catalog.count(*) > 0;
SELECT 'large-objects', 'all' WHERE current_setting('lo_compat_privileges') = 'on'";

/// Tables of the system that are not open to everybody, or should not be, even in one column.
///
/// Most are read by everybody, as their owner said, and written by nobody: the first step passes
/// over those, the second looks at each right.
const SYSTEM: &str = "\
WITH few AS MATERIALIZED (
  SELECT c.oid, c.relacl,
         c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
           AND c.relname IN ('pg_authid', 'pg_shadow', 'pg_statistic', 'pg_statistic_ext_data',
                             'pg_largeobject', 'pg_user_mapping', 'pg_hba_file_rules',
                             'pg_ident_file_mappings', 'pg_file_settings') AS secret
    FROM pg_catalog.pg_class c
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relnamespace IN ('pg_catalog'::pg_catalog.regnamespace,
                            'information_schema'::pg_catalog.regnamespace)
     AND (NOT COALESCE(pg_catalog.aclcontains(c.relacl,
                pg_catalog.makeaclitem(0, c.relowner, 'SELECT', false)), false)
          OR pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')
          OR c.relname IN ('pg_authid', 'pg_shadow', 'pg_statistic', 'pg_statistic_ext_data',
                           'pg_largeobject', 'pg_user_mapping', 'pg_hba_file_rules',
                           'pg_ident_file_mappings', 'pg_file_settings'))
)
SELECT 'system', c.oid::pg_catalog.regclass, p.name
  FROM few c CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(name)
 WHERE c.secret AND p.name = 'SELECT' AND pg_catalog.has_any_column_privilege(c.oid, p.name)
    OR pg_catalog.has_table_privilege(c.oid, p.name)
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x
                        WHERE x.grantee = 0 AND x.privilege_type = p.name)
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
///
/// What the database came with in its own schema, open to everybody and as nobody changed it, is
/// passed over: that is nearly all there is.
const FUNCTIONS: &str = "\
WITH few AS MATERIALIZED (
  SELECT p.oid, p.proname, p.pronamespace, p.proacl, p.proowner, p.prosecdef, p.prorettype
    FROM pg_catalog.pg_proc p
   WHERE CASE WHEN p.proacl IS NOT NULL OR p.oid >= 16384
                OR p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
              THEN pg_catalog.has_function_privilege(p.oid, 'EXECUTE') END
), known AS MATERIALIZED (
  SELECT p.*, n.nspname, n.nspname IN ('pg_catalog', 'information_schema') AS own,
         EXISTS (SELECT FROM pg_catalog.aclexplode(
                   COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) x
                  WHERE x.grantee = 0) AS public
    FROM few p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
), told AS (
  SELECT k.kind,
         CASE k.kind WHEN 'functions' THEN p.nspname::pg_catalog.text
                     ELSE p.oid::pg_catalog.regprocedure::pg_catalog.text END AS what,
         CASE WHEN k.kind = 'definer' AND p.public THEN 'public' END AS public,
         CASE WHEN k.kind = 'definer' AND EXISTS (
           SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
              AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              AND d.refobjid = p.oid) THEN 'policy' END AS policy
    FROM known p CROSS JOIN (VALUES ('definer'), ('functions'), ('power')) AS k(kind)
   WHERE CASE k.kind
           WHEN 'definer' THEN p.prosecdef AND NOT p.own
             AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype,
                                      'pg_catalog.event_trigger'::pg_catalog.regtype)
           WHEN 'functions' THEN NOT p.prosecdef AND NOT p.own
           ELSE p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file', 'lo_import',
                              'lo_export', 'pg_reload_conf', 'pg_rotate_logfile')
             OR p.proname LIKE 'pg\\_ls\\_%' OR p.proname LIKE 'pg\\_file\\_%'
             OR p.proname LIKE 'dblink%'
             OR p.nspname = 'pg_catalog' AND p.proacl IS NOT NULL AND NOT p.public END
)
SELECT kind, what,
       CASE kind WHEN 'functions' THEN pg_catalog.count(*)::pg_catalog.text ELSE public END, policy
  FROM told GROUP BY kind, what, public, policy ORDER BY 1, 2;
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
SELECT DISTINCT 'default', pg_catalog.pg_get_userbyid(d.defaclrole), COALESCE(n.nspname, ''),
       x.privilege_type, CASE WHEN x.grantee = 0 THEN 'public' END, d.defaclobjtype
  FROM pg_catalog.pg_default_acl d
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
  CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) x
 WHERE x.grantee IN (0, pg_catalog.to_regrole(pg_catalog.quote_ident(current_user)))
   AND d.defaclobjtype IN ('r', 'S', 'n')
 ORDER BY 2, 3, 4";

/// Settings that only a superuser could change. Since 15.
const PARAMETERS: &str = "\
SELECT 'parameter', a.parname, x.privilege_type
  FROM pg_catalog.pg_parameter_acl a
  CROSS JOIN LATERAL pg_catalog.aclexplode(a.paracl) x
 WHERE x.grantee IN (0, pg_catalog.to_regrole(pg_catalog.quote_ident(current_user)))
 ORDER BY 2, 3";
