-- # a table that was not declared
SELECT * FROM payroll

-- # qualified
SELECT amount FROM public.payroll

-- # with the database
SELECT amount FROM postgres.public.payroll

-- # quoted
SELECT "amount" FROM "public"."payroll"

-- # with Unicode escapes
SELECT amount FROM U&"p\0061yroll"

-- # with another escape character
SELECT amount FROM U&"p!0061yroll" UESCAPE '!'

-- # in upper case
SELECT AMOUNT FROM PUBLIC.PAYROLL

-- # in another schema
SELECT key FROM sales.api_keys

-- # a view that runs as its owner
SELECT * FROM v_documents

-- # a view on the same rows
SELECT word, ssn FROM customers_public

-- # a materialized view
SELECT * FROM m_payroll

-- # a partition of a declared table
SELECT payload FROM events_2025

-- # an heir of a declared table
SELECT extra FROM heir

-- # a declared table without its heirs
SELECT * FROM ONLY base

-- # a declared table with its heirs, the old way
SELECT * FROM base *

-- # the columns of the heir through the base
SELECT extra FROM base

-- # a sequence as a table
SELECT * FROM counter

-- # an index as a table
SELECT * FROM customers_pkey

-- # TABLE command
TABLE payroll

-- # TABLE command in a CTE
WITH t AS (TABLE payroll) TABLE t

-- # TABLE of a declared table with hidden columns
TABLE customers

-- # TABLE in a set operation
SELECT 1, 'a', 2, 'b' UNION ALL TABLE payroll

-- # EXISTS as an oracle
SELECT EXISTS (SELECT 1 FROM payroll)

-- # a count of what is hidden
SELECT count(*) FROM payroll

-- # a join with what is hidden
SELECT c.name, p.amount FROM customers c JOIN payroll p ON p.id = c.id

-- # a table that exists in one variant only
SELECT 1 FROM only_a_has_this

-- # the other
SELECT 1 FROM only_b_has_this

-- # a table of no schema
SELECT * FROM ".customers"

-- # an empty name
SELECT * FROM ""

-- # a name of 64 bytes, which the database would cut to a known one
SELECT * FROM "Ünï ""côde"."select ""from"" where; --aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

-- # a column of 64 bytes, which the database would cut to a known one
SELECT "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkZ" FROM "select ""from"" where; --"

-- # a hidden column that differs by its case
SELECT ssn FROM "Ünï ""côde"."select ""from"" where; --"

-- # the same with a folded name
SELECT "ssn" FROM "select ""from"" where; --"

-- # tablesample
SELECT * FROM customers TABLESAMPLE SYSTEM (100) REPEATABLE (1)

-- # tablesample that runs a function
SELECT * FROM customers TABLESAMPLE leak('x')

-- # a table by a reference
SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS b text PATH '.')

-- # a table of JSON
SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$'))

-- # a table with an alias that names another
SELECT payroll.amount FROM customers AS payroll

-- # a declared table of the wrong schema
SELECT * FROM public.orders

-- # a declared table in the schema of the first
SELECT * FROM sales.customers

-- # a declared table that needs more clearance
SELECT * FROM reviews

-- # its count
SELECT count(*) FROM public.reviews

-- # a graph
SELECT * FROM GRAPH_TABLE (g MATCH (a) COLUMNS (a.ssn))

-- # unnest of a table
SELECT * FROM unnest((SELECT array_agg(p) FROM payroll p))

-- # a table as a stage
SELECT * FROM @payroll

-- # a table of a file
SELECT * FROM '/etc/passwd'
