-- # tables
SELECT relname FROM pg_class

-- # tables, qualified
SELECT relname FROM pg_catalog.pg_class WHERE relkind = 'r'

-- # columns
SELECT attname FROM pg_attribute

-- # functions' bodies
SELECT prosrc FROM pg_proc WHERE proname LIKE 'leak%'

-- # views' text
SELECT definition FROM pg_views

-- # policies
SELECT polqual FROM pg_policy

-- # policies as a view
SELECT * FROM pg_policies

-- # defaults
SELECT adbin FROM pg_attrdef

-- # comments
SELECT description FROM pg_description

-- # settings of roles and databases
SELECT setconfig FROM pg_db_role_setting

-- # settings
SELECT name, setting FROM pg_settings

-- # change settings by their view
UPDATE pg_settings SET setting = 'bob' WHERE name = 'app.user_id'

-- # files of the configuration
SELECT * FROM pg_file_settings

-- # access rules of the server
SELECT * FROM pg_hba_file_rules

-- # passwords
SELECT rolname, rolpassword FROM pg_authid

-- # roles
SELECT rolname, rolconfig FROM pg_roles

-- # passwords, old name
SELECT passwd FROM pg_shadow

-- # what others run
SELECT query FROM pg_stat_activity

-- # most common values
SELECT most_common_vals FROM pg_stats WHERE attname = 'ssn'

-- # the same, raw
SELECT stavalues1 FROM pg_statistic

-- # statistics of tables
SELECT relname, n_live_tup FROM pg_stat_user_tables

-- # large objects
SELECT data FROM pg_largeobject

-- # prepared statements
SELECT statement FROM pg_prepared_statements

-- # cursors
SELECT * FROM pg_cursors

-- # locks
SELECT * FROM pg_locks

-- # databases
SELECT datname FROM pg_database

-- # subscriptions with their passwords
SELECT subconninfo FROM pg_subscription

-- # foreign servers
SELECT srvoptions FROM pg_foreign_server

-- # user mappings
SELECT umoptions FROM pg_user_mappings

-- # extensions
SELECT * FROM pg_extension

-- # timezones from files
SELECT * FROM pg_timezone_names

-- # shared memory
SELECT * FROM pg_shmem_allocations

-- # sequences
SELECT * FROM pg_sequences

-- # the standard's columns
SELECT column_name FROM information_schema.columns

-- # the standard's tables
SELECT table_name FROM information_schema.tables

-- # the standard's routines
SELECT routine_definition FROM information_schema.routines

-- # the standard's views
SELECT view_definition FROM information_schema.views

-- # quoted and with Unicode escapes
SELECT relname FROM U&"pg\005Fclass"

-- # in a subquery
SELECT id FROM customers WHERE name IN (SELECT relname FROM pg_class)

-- # in a CTE
WITH c AS (SELECT relname FROM pg_class) SELECT * FROM c

-- # system columns
SELECT ctid, xmin, xmax, cmin, tableoid FROM customers

-- # the table that a row is in
SELECT tableoid::regclass FROM events

-- # toast
SELECT * FROM pg_toast.pg_toast_2619

-- # schema of temporary tables
SELECT * FROM pg_temp.customers

-- # enum values of a type
SELECT enum_range(NULL::tier)
