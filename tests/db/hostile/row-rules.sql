-- # always true
SELECT id, name FROM customers WHERE 1 = 1 OR true

-- # of another tenant
SELECT name FROM customers WHERE id % 3 = 0

-- # the rule's column by its position
SELECT * FROM customers AS t(a) WHERE a = 3

-- # an outer join that keeps what the rule drops
SELECT c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.customer_id % 3 = 0

-- # a full join
SELECT c.name FROM customers c FULL JOIN customers d ON c.id = d.id + 1

-- # a join that pushes a condition below the rule
SELECT c.id FROM customers c JOIN (VALUES ('zq7-name-a-3'), ('zq7-name-b-3')) v(n) ON c.name = v.n

-- # keys of another's rows by a foreign key
SELECT customer_id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)

-- # another's documents
SELECT title FROM documents WHERE owner = 'bob'

-- # all documents
SELECT count(*), min(title), max(body) FROM documents

-- # documents through a union
SELECT title FROM documents UNION ALL SELECT body FROM documents

-- # another's notes
SELECT text FROM notes WHERE id % 2 = 1

-- # notes with the subject said again
SELECT text FROM notes, (SELECT 'bob' AS subject) s

-- # notes with a CTE called subject
WITH subject AS (SELECT 'bob' AS owner) SELECT text FROM notes, subject

-- # notes with a column called as the rule's, from outside
SELECT o.owner, n.text FROM (SELECT 'bob' AS owner) o, LATERAL (SELECT * FROM notes) n

-- # customers with a column called as the rule's, from outside
SELECT (SELECT count(*) FROM customers) FROM (SELECT 'zq7-tenant' AS tenant) o

-- # customers in a subquery below an alias of the same name
SELECT (SELECT max(name) FROM public.customers) FROM (SELECT 'zq7-tenant' AS tenant, 1 AS id) customers

-- # a least that is hidden
SELECT min(name), max(name), count(*), count(DISTINCT city) FROM customers

-- # an average that moves
SELECT avg(length(name)) FROM customers

-- # a user's setting in the statement
SELECT title FROM documents WHERE current_setting('app.user_id') = 'ann'

-- # row_security off
SET row_security = off
