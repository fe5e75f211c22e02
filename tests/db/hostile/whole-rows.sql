-- # star
SELECT * FROM customers

-- # star of an alias
SELECT c.* FROM customers c

-- # star of a qualified table
SELECT public.customers.* FROM public.customers

-- # the row itself
SELECT customers FROM customers

-- # the row by its alias
SELECT c FROM customers c

-- # a field of the row
SELECT (c).ssn FROM customers c

-- # all fields of the row
SELECT (c).* FROM customers c

-- # a field of a field
SELECT (c.home).street FROM customers c

-- # the row as text
SELECT c::text FROM customers c

-- # the row by a cast function
SELECT CAST(customers AS text) FROM customers

-- # the row as JSON
SELECT row_to_json(c) FROM customers c

-- # the row as JSON, the newer way
SELECT to_jsonb(c) FROM customers c

-- # all rows as JSON
SELECT json_agg(c) FROM customers c

-- # all rows as an array
SELECT array_agg(c) FROM customers c

-- # the row in ROW
SELECT ROW(c.*) FROM customers c

-- # the row in a comparison
SELECT id FROM customers c WHERE c IS NOT NULL

-- # the row against another
SELECT c.id FROM customers c JOIN customers d ON c = d

-- # the row in IN
SELECT id FROM customers c WHERE c IN (SELECT d FROM customers d)

-- # the row in ORDER BY
SELECT id FROM customers c ORDER BY c

-- # the row in GROUP BY
SELECT count(*) FROM customers c GROUP BY c

-- # the row in DISTINCT
SELECT DISTINCT c FROM customers c

-- # the row in a string
SELECT 'x' || c FROM customers c

-- # the row in format
SELECT format('%s', c) FROM customers c

-- # the row in concat
SELECT concat(c) FROM customers c

-- # the row in count
SELECT count(c) FROM customers c

-- # the row in count with DISTINCT
SELECT count(DISTINCT c) FROM customers c

-- # the row in quote_literal
SELECT quote_literal(c) FROM customers c

-- # the row hashed
SELECT hash_record(c) FROM customers c

-- # the row's keys
SELECT jsonb_object_keys(to_jsonb(c)) FROM customers c

-- # the row made of nothing
SELECT (NULL::customers).ssn

-- # the row made of JSON
SELECT * FROM json_populate_record(NULL::customers, '{"ssn": 1}')

-- # the row made of text
SELECT ('(1,acme,x)'::customers).*

-- # the row's type
SELECT pg_typeof(c) FROM customers c

-- # the row of a subselect
SELECT s FROM (SELECT * FROM customers) s

-- # the row of a CTE
WITH s AS (SELECT * FROM customers) SELECT s FROM s

-- # the row with a name that a column has
SELECT name FROM (SELECT customers AS name FROM customers) x

-- # the row as XML
SELECT xmlforest(c) FROM customers c

-- # the row in a window
SELECT first_value(c) OVER (ORDER BY id) FROM customers c

-- # the row in a set operation
SELECT c FROM customers c EXCEPT SELECT NULL

-- # star minus
SELECT * EXCEPT (id) FROM customers

-- # star with a replacement
SELECT * REPLACE (ssn AS name) FROM customers

-- # star filtered
SELECT * ILIKE '%s%' FROM customers
