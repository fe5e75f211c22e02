-- # how many rows of another tenant are expected, by prefix
SELECT id FROM customers WHERE name LIKE 'zq7-name-a%'

-- # by range
SELECT id FROM customers WHERE name > 'zq7-name-a' AND name < 'zq7-name-b'

-- # by a common value
SELECT id FROM customers WHERE city = 'zq7-city-a'

-- # by the absence of a common value
SELECT id FROM customers WHERE city <> 'zq7-city-a'

-- # by a join with a common value
SELECT c.id FROM customers c JOIN (VALUES ('zq7-city-a')) v(x) ON c.city = v.x

-- # by groups
SELECT name FROM customers WHERE name >= 'zq7-name-a' GROUP BY name

-- # below row-level security, by prefix
SELECT id FROM documents WHERE title LIKE 'zq7-title-a%'

-- # below row-level security, by range
SELECT id FROM documents WHERE body BETWEEN 'zq7-body-a' AND 'zq7-body-b'

-- # below a rule with the subject
SELECT id FROM notes WHERE text >= 'zq7-notes-a' AND text < 'zq7-notes-b'

-- # below a mask, by prefix
SELECT id FROM customers WHERE email LIKE 'zq7-local-a%'

-- # below a mask, by range
SELECT id FROM customers WHERE phone > 'zq7-a' AND phone < 'zq7-b'

-- # below a mask, by year
SELECT id FROM customers WHERE birth > 1980

-- # by the distinct values of a mask
SELECT DISTINCT phone FROM customers

-- # by the distinct values of a column of hidden rows
SELECT DISTINCT name FROM customers

-- # in a join order
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name LIKE 'zq7-name-a%'

-- # in a limit's cost
SELECT id FROM customers WHERE name LIKE 'zq7-name-a%' LIMIT 1

-- # in a subplan's cost
SELECT (SELECT count(*) FROM notes WHERE text LIKE 'zq7-notes-a%') FROM base

-- # by an array of guesses
SELECT id FROM customers WHERE name IN ('zq7-name-a-3', 'zq7-name-a-6', 'zq7-name-a-9', 'zq7-name-a-12', 'zq7-name-a-15', 'zq7-name-a-18')

-- # by elements of arrays
SELECT id FROM customers WHERE tags @> ARRAY['zq7']

-- # by a wide scan
SELECT id FROM customers ORDER BY name

-- # below a view with a condition of its own, by prefix
SELECT id FROM acme WHERE name LIKE 'zq7-name-a%'

-- # below a view with a condition of its own, by a common value
SELECT id FROM acme WHERE city = 'zq7-city-a'
