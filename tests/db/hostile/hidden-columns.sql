-- # in the list
SELECT ssn FROM customers

-- # of an alias
SELECT c.ssn FROM customers c

-- # quoted
SELECT "ssn" FROM customers

-- # in upper case
SELECT SSN FROM customers

-- # with Unicode escapes
SELECT U&"s\0073n" FROM customers

-- # qualified by schema
SELECT public.customers.ssn FROM customers

-- # a column that exists in one variant's values only
SELECT zq7_hidden_column FROM customers

-- # above the clearance
SELECT salary FROM employees

-- # the column of the row rule
SELECT tenant FROM customers

-- # the column of the row rule in WHERE
SELECT id FROM customers WHERE tenant = 'zq7-tenant'

-- # the owner of a note
SELECT owner FROM notes

-- # in WHERE
SELECT id FROM customers WHERE ssn LIKE 'zq7-ssn-a%'

-- # in WHERE by IS NULL
SELECT id FROM customers WHERE ssn IS NULL

-- # in JOIN
SELECT a.id FROM customers a JOIN customers b ON a.ssn = b.ssn

-- # in USING
SELECT count(*) FROM customers a JOIN customers b USING (ssn)

-- # in USING against a value of one's own
SELECT count(*) FROM customers JOIN (SELECT 'zq7-ssn-a-1'::text AS ssn) v USING (ssn)

-- # in NATURAL JOIN against a value of one's own
SELECT count(*) FROM customers NATURAL JOIN (SELECT 'zq7-ssn-a-1'::text AS ssn) v

-- # in NATURAL JOIN with the row rule's column
SELECT count(*) FROM customers NATURAL JOIN (SELECT 'zq7-tenant' AS tenant) v

-- # in NATURAL JOIN of two tables
SELECT count(*) FROM employees NATURAL JOIN customers

-- # in NATURAL LEFT JOIN, with its null as the answer
SELECT v.x, count(*) FROM customers NATURAL LEFT JOIN (SELECT 'acme' AS tenant, 1 AS x) v GROUP BY 1

-- # in GROUP BY
SELECT count(*) FROM customers GROUP BY ssn

-- # in GROUPING SETS
SELECT count(*) FROM customers GROUP BY GROUPING SETS ((ssn), ())

-- # in ROLLUP
SELECT count(*) FROM employees GROUP BY ROLLUP (salary)

-- # in HAVING
SELECT city FROM customers GROUP BY city HAVING max(salary) > 1000

-- # in ORDER BY
SELECT id FROM customers ORDER BY salary

-- # in ORDER BY of an aggregate
SELECT string_agg(name, ',' ORDER BY salary) FROM employees

-- # in PARTITION BY
SELECT rank() OVER (PARTITION BY ssn ORDER BY id) FROM customers

-- # in ORDER BY of a window
SELECT id, rank() OVER (ORDER BY salary) FROM employees

-- # in a named window
SELECT id, rank() OVER w FROM employees WINDOW w AS (ORDER BY salary)

-- # in a named window that nobody uses
SELECT id FROM employees WINDOW w AS (ORDER BY salary)

-- # in the bounds of a frame
SELECT sum(id) OVER (ORDER BY id ROWS salary PRECEDING) FROM employees

-- # in DISTINCT ON
SELECT DISTINCT ON (salary) id FROM employees

-- # in FILTER
SELECT count(*) FILTER (WHERE salary > 5) FROM employees

-- # in WITHIN GROUP
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) FROM employees

-- # in the direct argument of an ordered aggregate
SELECT rank(salary) WITHIN GROUP (ORDER BY id) FROM employees

-- # in LIMIT
SELECT id FROM employees LIMIT (SELECT min(salary) FROM employees)

-- # in OFFSET
SELECT id FROM employees OFFSET (SELECT salary % 7 FROM employees LIMIT 1)

-- # in FETCH
SELECT id FROM employees FETCH FIRST (SELECT min(salary) FROM employees) ROWS ONLY

-- # in LATERAL
SELECT l.x FROM customers c, LATERAL (SELECT c.ssn AS x) l

-- # in LATERAL VALUES
SELECT v.x FROM customers c CROSS JOIN LATERAL (VALUES (c.ssn)) v(x)

-- # in LATERAL unnest
SELECT u FROM customers c, unnest(ARRAY[c.ssn]) u

-- # in a scalar subquery
SELECT (SELECT max(ssn) FROM customers)

-- # from inside, of the query around
SELECT (SELECT c.ssn) FROM customers c

-- # in EXISTS of the query around
SELECT id FROM customers c WHERE EXISTS (SELECT 1 WHERE c.ssn > 'm')

-- # in ANY
SELECT id FROM employees WHERE id = ANY (SELECT salary FROM employees)

-- # in an alias list
SELECT x15 FROM customers AS t(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15)

-- # in an alias list that moves names
SELECT t.name FROM customers AS t(name, id)

-- # with more aliases than columns that may be seen
SELECT h FROM employees AS t(a, b, c, d, e, f, h)

-- # by a CTE with its own names
WITH t(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) AS (SELECT * FROM customers) SELECT o FROM t

-- # by a CTE that has the name of a table
WITH customers AS (SELECT ssn AS name FROM public.customers) SELECT name FROM customers

-- # by a CTE that has the name of a hidden table
WITH payroll AS (SELECT 1 AS amount) SELECT amount FROM public.payroll

-- # by a CTE that has the name of a hidden table, seen from another
WITH a AS (SELECT * FROM payroll), payroll AS (SELECT 1) SELECT * FROM a

-- # by a recursive CTE that has the name of a table
WITH RECURSIVE payroll AS (SELECT * FROM payroll) SELECT * FROM payroll

-- # by an inner CTE that hides an outer one
WITH t AS (SELECT id FROM customers) SELECT * FROM (WITH t AS (SELECT * FROM payroll) SELECT * FROM t) x

-- # in the search clause of a recursive CTE
WITH RECURSIVE t AS (SELECT id FROM employees UNION SELECT id + 1 FROM t WHERE id < 3) SEARCH DEPTH FIRST BY salary SET o SELECT * FROM t

-- # in CASE
SELECT CASE WHEN ssn > 'm' THEN 1 ELSE 0 END FROM customers

-- # in COALESCE
SELECT coalesce(city, ssn) FROM customers

-- # in an array
SELECT ARRAY[ssn] FROM customers

-- # in an array of a subquery
SELECT ARRAY(SELECT ssn FROM customers)

-- # in a VALUES list
VALUES ((SELECT ssn FROM customers LIMIT 1))

-- # in UNION
SELECT name FROM customers UNION SELECT ssn FROM customers

-- # in INTERSECT, as an oracle
SELECT 'zq7-ssn-a-1' INTERSECT SELECT ssn FROM customers

-- # in EXCEPT, as an oracle
SELECT 'zq7-ssn-a-1' EXCEPT SELECT ssn FROM customers

-- # in the operand of BETWEEN
SELECT id FROM customers WHERE 'm' BETWEEN ssn AND 'z'

-- # in a row comparison
SELECT id FROM employees WHERE (id, salary) > (1, 5)

-- # in an index of an array
SELECT tags[salary] FROM customers

-- # as a JSON key
SELECT profile -> ssn FROM customers

-- # in a cast
SELECT salary::text FROM customers

-- # in AT TIME ZONE
SELECT created_at AT TIME ZONE internal_note FROM customers

-- # in EXTRACT
SELECT extract(epoch FROM (SELECT min(placed_at) + margin * interval '1 s' FROM orders GROUP BY margin LIMIT 1))

-- # in POSITION
SELECT position('z' IN ssn) FROM customers

-- # in OVERLAPS
SELECT (placed_at, margin * interval '1 s') OVERLAPS (now(), now()) FROM orders

-- # in LIKE ESCAPE
SELECT name LIKE 'a' ESCAPE left(ssn, 1) FROM customers

-- # in an ORDER BY of a union
SELECT id FROM customers UNION SELECT id FROM employees ORDER BY salary

-- # a hidden column of a domain
SELECT margin FROM orders

-- # a hidden column behind the hidden tables' key
SELECT supplier_cost FROM sales.products p

-- # a hidden column of the right side of an outer join
SELECT p.supplier_cost FROM orders o LEFT JOIN products p ON true LIMIT 1

-- # by a misspelt name, for the hint
SELECT sss FROM customers

-- # by a misspelt name that is near a hidden one
SELECT zq7_hidden_colum FROM customers

-- # by an ordinal beyond the list
SELECT id FROM customers ORDER BY 15

-- # by an ordinal in GROUP BY
SELECT count(*) FROM customers GROUP BY 15
