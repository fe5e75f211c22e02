-- # the table of tables
SELECT sql FROM sqlite_master

-- # its newer name
SELECT name FROM sqlite_schema

-- # of temporary tables
SELECT * FROM sqlite_temp_master

-- # qualified
SELECT sql FROM main.sqlite_master

-- # statistics that hold values
SELECT * FROM sqlite_stat1

-- # samples of an index
SELECT sample FROM sqlite_stat4

-- # sequences
SELECT * FROM sqlite_sequence

-- # pages as they are
SELECT hex(data) FROM sqlite_dbpage

-- # sizes of pages
SELECT * FROM dbstat

-- # a pragma as a table
SELECT * FROM pragma_table_info('customers')

-- # a pragma that lists all
SELECT * FROM pragma_table_list

-- # a pragma that lists files
SELECT file FROM pragma_database_list

-- # a pragma that lists functions
SELECT * FROM pragma_function_list

-- # a pragma
PRAGMA writable_schema = ON

-- # another
PRAGMA table_xinfo(payroll)

-- # attach a file
ATTACH '/etc/passwd' AS x

-- # attach memory
ATTACH ':memory:' AS x

-- # detach
DETACH main

-- # copy the file
VACUUM INTO '/tmp/zq7-copy'

-- # load code
SELECT load_extension('/tmp/x.so')

-- # read a file
SELECT readfile('/etc/passwd')

-- # write a file
SELECT writefile('/tmp/zq7-copy', 'x')

-- # edit
SELECT edit('x')

-- # list a folder
SELECT * FROM fsdir('/')

-- # list a zip
SELECT * FROM zipfile('/tmp/x.zip')

-- # a tokenizer by its address
SELECT fts3_tokenizer('simple')

-- # search of a hidden table
SELECT * FROM payroll WHERE payroll MATCH 'zq7'

-- # the number of the row
SELECT rowid FROM customers WHERE ssn = 'x'

-- # other names of it
SELECT oid, _rowid_ FROM customers

-- # the row's number of a table without a rule
SELECT rowid, _rowid_, oid FROM base

-- # a natural join that compares a hidden column
SELECT count(*) FROM customers NATURAL JOIN (SELECT 'zq7-ssn-a-1' AS ssn)

-- # USING that compares a hidden column
SELECT count(*) FROM customers JOIN (SELECT 'zq7-ssn-a-1' AS ssn) USING (ssn)

-- # USING with the number of the row
SELECT count(*) FROM customers JOIN (SELECT 3 AS rowid) USING (rowid)

-- # a view
SELECT * FROM v_payroll

-- # an index by hint
SELECT id FROM customers INDEXED BY customers_by_ssn WHERE id = 1

-- # no index by hint
SELECT id FROM customers NOT INDEXED

-- # what an index tells of its order
SELECT id FROM customers GROUP BY +ssn

-- # double quotes that become a string
SELECT "ssn", "no such" FROM customers

-- # a string as a name
SELECT 'ssn' FROM 'payroll'

-- # back ticks
SELECT `ssn` FROM `customers`

-- # brackets
SELECT [ssn] FROM [payroll]

-- # a table function
SELECT * FROM json_tree((SELECT profile FROM customers LIMIT 1))

-- # a table function of all rows
SELECT * FROM json_each('[1, 2]') WHERE json = 'x'

-- # hidden columns of a table function
SELECT json, root FROM json_each('[1]')

-- # a series
SELECT count(*) FROM generate_series(1, 1000000000)

-- # a blob that is huge
SELECT zeroblob(1000000000)

-- # a random blob that is huge
SELECT hex(randomblob(500000000))

-- # a text by its format
SELECT printf('%500000000d', 1)

-- # a text by another format
SELECT format('%.*c', 500000000, 'x')

-- # repeated replacement
SELECT replace(hex(zeroblob(30000)), '0', hex(zeroblob(30000)))

-- # a glob that explodes
SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' GLOB '*a*a*a*a*a*a*a*a*a*a*a*a*a*b'

-- # a like that explodes
SELECT count(*) FROM orders a, orders b WHERE a.status || b.status || hex(zeroblob(5000)) LIKE '%0%0%0%0%0%0%0%0%0%0%0%1'

-- # an endless recursion
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t

-- # a recursion that grows
WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t

-- # a cross join of all
SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e

-- # a sum that overflows
SELECT sum(9223372036854775807) FROM orders

-- # an absolute that overflows
SELECT abs(-9223372036854775808)

-- # the number of changes
SELECT changes(), total_changes(), last_insert_rowid()

-- # the version and the options of the build
SELECT sqlite_version(), sqlite_source_id(), sqlite_compileoption_get(1)

-- # a log
SELECT sqlite_log(1, 'zq7')

-- # an offset in a file
SELECT sqlite_offset(ssn) FROM customers

-- # the type of a hidden value
SELECT typeof(ssn), quote(ssn), unicode(ssn) FROM customers

-- # subtype
SELECT subtype(ssn) FROM customers

-- # likelihood as a way around
SELECT likely(ssn), unlikely(ssn), likelihood(ssn, 0.5) FROM customers

-- # a collation that does not exist
SELECT name COLLATE zq7 FROM customers

-- # raise
SELECT raise(ABORT, 'zq7')

-- # a cast to a made up type
SELECT CAST(name AS payroll) FROM customers

-- # is and is not with the hidden
SELECT id FROM customers WHERE ssn IS NOT 'x'

-- # row values
SELECT id FROM customers WHERE (id, ssn) > (1, 'zq7')

-- # a window with exclude
SELECT sum(salary) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM employees

-- # bare columns beside an aggregate
SELECT name, max(salary) FROM employees

-- # bare columns beside an aggregate that may be seen
SELECT name, max(id) FROM customers

-- # a correlated order by
SELECT id FROM customers c ORDER BY (SELECT count(*) FROM payroll WHERE payroll.id < c.id)

-- # values as a table with its own names
SELECT column1 FROM (VALUES (1)), customers WHERE column1 = ssn

-- # a masked date with a modifier
SELECT strftime('%m', birth) FROM customers

-- # a masked date by julian day
SELECT julianday(birth) FROM customers

-- # a masked blob
SELECT hex(phone), quote(email) FROM customers

-- # explain
EXPLAIN SELECT ssn FROM customers

-- # explain the plan
EXPLAIN QUERY PLAN SELECT * FROM payroll

-- # begin and end
BEGIN EXCLUSIVE

-- # a savepoint
SAVEPOINT x

-- # replace
REPLACE INTO decoy (id, word) VALUES (1, 'written')

-- # insert or
INSERT OR REPLACE INTO decoy VALUES (1, 'written')

-- # a trigger
CREATE TEMP TRIGGER t AFTER UPDATE ON customers BEGIN SELECT 1; END

-- # a virtual table
CREATE VIRTUAL TABLE x USING fts5(y)

-- # numbered and named parameters
SELECT id, ?1, :name, @x, $y FROM customers

-- # a hexadecimal integer and a blob
SELECT 0x7fffffffffffffff, x'7a7137', X'zz'

-- # current times
SELECT current_timestamp, datetime('now'), unixepoch()

-- # a shift and a bitwise not
SELECT 1 << 100, ~0, 5 & 3
