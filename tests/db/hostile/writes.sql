-- # plain insert
INSERT INTO decoy VALUES (3, 'written')

-- # plain insert that gives back
INSERT INTO customers (id, name, tenant, country, created_at) VALUES (999, 'x', 'acme', 'NO', now()) RETURNING ssn

-- # update
UPDATE customers SET name = 'written' WHERE id = 1

-- # update that gives back hidden columns
UPDATE customers SET name = name RETURNING *

-- # delete
DELETE FROM notes

-- # merge
MERGE INTO decoy d USING customers c ON d.id = c.id WHEN MATCHED THEN DELETE

-- # truncate
TRUNCATE customers CASCADE

-- # insert in a CTE
WITH w AS (INSERT INTO decoy VALUES (4, 'written') RETURNING *) SELECT * FROM w

-- # delete in a CTE
WITH w AS (DELETE FROM payroll RETURNING *) SELECT * FROM w

-- # update in a CTE that nobody reads
WITH w AS (UPDATE customers SET tenant = 'acme' RETURNING id) SELECT id FROM customers

-- # a write two levels deep
WITH a AS (WITH b AS (DELETE FROM decoy RETURNING *) SELECT * FROM b) SELECT * FROM a

-- # a write in a subquery
SELECT (WITH w AS (INSERT INTO decoy VALUES (5, 'w') RETURNING id) SELECT id FROM w)

-- # a recursive CTE around a write
WITH RECURSIVE w AS (DELETE FROM notes RETURNING id) SELECT count(*) FROM w

-- # select into
SELECT * INTO stolen FROM customers

-- # select into a temporary table
SELECT id INTO TEMP stolen FROM customers

-- # create table as
CREATE TABLE stolen AS SELECT * FROM payroll

-- # a temporary table
CREATE TEMP TABLE customers AS SELECT 1 AS ssn

-- # a view on the hidden
CREATE OR REPLACE TEMP VIEW customers AS SELECT ssn AS name FROM public.customers

-- # a function
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'select 1'

-- # change the policy of rows
ALTER TABLE documents DISABLE ROW LEVEL SECURITY

-- # give oneself a right
GRANT SELECT ON payroll TO PUBLIC

-- # become more
ALTER ROLE CURRENT_USER SUPERUSER

-- # a new role
CREATE ROLE zq7 LOGIN SUPERUSER

-- # drop
DROP TABLE decoy

-- # a rule
CREATE RULE r AS ON SELECT TO decoy DO INSTEAD SELECT * FROM payroll

-- # comment
COMMENT ON TABLE decoy IS 'written'

-- # security label
SECURITY LABEL ON TABLE decoy IS 'written'

-- # import
IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public

-- # refresh
REFRESH MATERIALIZED VIEW m_payroll

-- # reindex, cluster and vacuum
VACUUM FULL decoy

-- # analyze
ANALYZE customers

-- # lock
LOCK TABLE customers IN ACCESS EXCLUSIVE MODE

-- # an extension
CREATE EXTENSION file_fdw

-- # load a library
LOAD 'auto_explain'
