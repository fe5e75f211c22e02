-- # a pattern that fails for values of the statistics, hidden ones too, while the statement is planned
SELECT id FROM customers WHERE name ILIKE 'zq7-name-a\'

-- # the same with a wildcard first
SELECT id FROM customers WHERE name LIKE '_q7-name-a\'

-- # the same negated
SELECT id FROM customers WHERE name NOT LIKE '_q7-name-a\'

-- # the same in any list
SELECT id FROM customers WHERE name LIKE ANY (ARRAY['_q7-name-a\', 'x'])

-- # the same as a parameter
-- $ ["_q7-name-a\\"]
SELECT id FROM customers WHERE name LIKE $1

-- # the same where a condition is an output
SELECT id, name LIKE '_q7-name-a\' FROM customers

-- # the same in HAVING
SELECT name FROM customers GROUP BY name HAVING name LIKE '_q7-name-a\'

-- # the same in a join
SELECT o.id FROM orders o JOIN customers c ON c.name LIKE '_q7-name-a\'

-- # the same below a common value
SELECT id FROM customers WHERE city LIKE '_q7-city-a\'

-- # the same with an escape of one's own
SELECT id FROM customers WHERE name LIKE '_q7-name-a!' ESCAPE '!'

-- # below row-level security
SELECT id FROM documents WHERE title LIKE '_q7-title-a\'

-- # below a rule with the subject
SELECT id FROM notes WHERE text LIKE '_q7-notes-a\'

-- # a plain pattern that fails where it matches
SELECT id FROM customers WHERE name LIKE 'zq7-name-a\'

-- # below a CTE that is kept apart
WITH c AS MATERIALIZED (SELECT * FROM customers) SELECT id FROM c WHERE name LIKE '_q7-name-a\'

-- # below a limit
SELECT id FROM (SELECT * FROM customers LIMIT 5) c WHERE name LIKE '_q7-name-a\'

-- # below a mask
SELECT id FROM customers WHERE email LIKE '_q7-local-a\'

-- # with SIMILAR TO, which fails at once
SELECT id FROM customers WHERE name SIMILAR TO '_q7-name-a\'

-- # with an array's elements
SELECT id FROM customers WHERE tags && ARRAY['zq7']

-- # a comparison of a JSON value
SELECT id FROM customers WHERE profile ->> 'age' LIKE '_1\'

-- # below a view with a condition of its own
SELECT id FROM acme WHERE name LIKE '_q7-name-a\'
