-- # sleep
SELECT pg_sleep(20)

-- # sleep by another name
SELECT pg_sleep_for('20 seconds') FROM customers

-- # sleep qualified and quoted
SELECT "pg_catalog"."pg_sleep"(20)

-- # end the other sessions
SELECT pg_terminate_backend(pid) FROM pg_stat_activity

-- # cancel by number
SELECT pg_cancel_backend(g) FROM generate_series(1, 40000) g

-- # read a file
SELECT pg_read_file('/etc/passwd')

-- # read a file as bytes
SELECT pg_read_binary_file('postgresql.conf')

-- # list a directory
SELECT pg_ls_dir('/')

-- # stat a file
SELECT (pg_stat_file('/etc/passwd')).size

-- # the log
SELECT pg_current_logfile(), pg_rotate_logfile()

-- # reload the server
SELECT pg_reload_conf()

-- # switch the log
SELECT pg_switch_wal()

-- # set who one is
SELECT set_config('app.user_id', 'bob', false), title FROM documents

-- # set who one is in a CTE
WITH s AS (SELECT set_config('app.user_id', 'bob', true)) SELECT title FROM s, documents

-- # read a setting
SELECT current_setting('zq7.database_setting')

-- # read all settings
SELECT current_setting('zq7.role_setting', true)

-- # next of a sequence
SELECT nextval('counter')

-- # set a sequence
SELECT setval('public.counter', 9999)

-- # the last of a sequence
SELECT last_value FROM counter

-- # currval
SELECT currval('counter'), lastval()

-- # another connection
SELECT * FROM dblink('dbname=postgres', 'select 1') AS t(a int)

-- # another connection that does something
SELECT dblink_exec('dbname=' || current_database(), 'delete from decoy')

-- # a query in a string, as XML
SELECT query_to_xml('select ssn from customers', true, true, '')

-- # a table as XML
SELECT table_to_xml('payroll', true, false, '')

-- # all as XML
SELECT database_to_xml(true, true, '')

-- # a cursor as XML
SELECT cursor_to_xml('c', 5, true, true, '')

-- # a query in a string, for text search
SELECT * FROM ts_stat('select to_tsvector(ssn) from customers')

-- # rewrite in a string
SELECT ts_rewrite('a'::tsquery, 'select ''a''::tsquery, word::tsquery from decoy')

-- # code that runs as the superuser
SELECT leak()

-- # the same qualified
SELECT public.leak('x')

-- # the same as a table
SELECT * FROM leak_rows()

-- # the same in ROWS FROM
SELECT * FROM ROWS FROM (leak_rows(), generate_series(1, 3)) AS t

-- # the same by LATERAL
SELECT c.id, l.employee FROM customers c, LATERAL public.leak_rows() l

-- # the same in WHERE
SELECT id FROM customers WHERE public.leak(name) IS NOT NULL

-- # the same with Unicode escapes
SELECT U&"le\0061k"('x')

-- # code that writes
SELECT write_it()

-- # code that waits
SELECT wait_it()

-- # a function on a row, written as a column
SELECT c.row_secret FROM customers c

-- # a column written as a function
SELECT ssn(c) FROM customers c

-- # a function on a row of another table
SELECT e.pay FROM employees e

-- # an evil twin of a harmless name, qualified
SELECT evil.lower(name) FROM customers

-- # an evil twin by the path of the role
SELECT lower(name), upper(name), length(name) FROM customers WHERE id = 1

-- # an evil aggregate by the path of the role
SELECT count(name), max(name) FROM customers

-- # an aggregate of one's own
SELECT leak_agg(name) FROM customers

-- # an evil aggregate as a window
SELECT leak_agg(name) OVER (ORDER BY id) FROM customers

-- # an aggregate with ORDER BY inside
SELECT public.leak_agg(name ORDER BY id) FROM customers

-- # a function with named arguments
SELECT make_interval(secs => pg_sleep(20)::text::int)

-- # variadic
SELECT concat(VARIADIC ARRAY[leak()])

-- # size of what is hidden
SELECT pg_relation_size('payroll'), pg_database_size(current_database())

-- # rights as an oracle
SELECT has_table_privilege('payroll', 'select'), has_column_privilege('customers', 'ssn', 'select')

-- # definitions
SELECT pg_get_functiondef(p.oid) FROM pg_proc p

-- # the text of a view
SELECT pg_get_viewdef('v_payroll')

-- # comments
SELECT obj_description('customers'::regclass), col_description('customers'::regclass, 15)

-- # names of relations
SELECT to_regclass('payroll') IS NULL

-- # the name of a column's type
SELECT pg_typeof(ssn) FROM customers

-- # network facts
SELECT inet_server_addr(), inet_server_port(), inet_client_addr(), version()

-- # who and where
SELECT current_user, session_user, current_database(), current_schema, current_catalog, current_role

-- # backend facts
SELECT pg_backend_pid(), pg_postmaster_start_time(), txid_current(), pg_current_wal_lsn()

-- # make a transaction number
SELECT pg_current_xact_id()

-- # log a message in the server's stream
SELECT pg_logical_emit_message(false, 'a', 'written')

-- # a replication slot
SELECT pg_create_physical_replication_slot('zq7', true)

-- # export a snapshot
SELECT pg_export_snapshot()

-- # start a backup
SELECT pg_backup_start('zq7')

-- # reset the statistics
SELECT pg_stat_reset()

-- # cryptography of the extension
SELECT crypt('a', gen_salt('bf', 20))

-- # random numbers that change the seed
SELECT setseed(0.5), random()

-- # a function called by its number
SELECT fmgr_sql_validator(1)

-- # a call of the language handler
SELECT plpgsql_call_handler()

-- # an input function
SELECT regclassin('payroll')

-- # an output function of a hidden type
SELECT record_out(c) FROM customers c

-- # load time statistics
SELECT pg_stat_get_activity(NULL)
