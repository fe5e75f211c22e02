-- # divide by a hidden column
SELECT 1 / (salary - 918271) FROM employees

-- # divide in WHERE past the row rule
SELECT id FROM customers WHERE 1 / (CASE WHEN name LIKE 'zq7-name-a%' THEN 0 ELSE 1 END) = 1

-- # divide by a masked value
SELECT 1 / (CASE WHEN email LIKE 'zq7%' THEN 0 ELSE 1 END) FROM customers

-- # a cast error past the row rule
SELECT id FROM customers WHERE CASE WHEN name LIKE 'zq7%' THEN name::integer = 1 ELSE true END

-- # a cast error past row-level security
SELECT id FROM documents WHERE CASE WHEN owner = 'zq7-carol' THEN title::integer = 1 ELSE true END

-- # divide past row-level security
SELECT id FROM documents WHERE 1 / (CASE WHEN title LIKE 'zq7-title-a%' THEN 0 ELSE 1 END) = 1

-- # divide past the rule with :subject
SELECT id FROM notes WHERE 1 / (CASE WHEN text LIKE 'zq7-notes-a%' THEN 0 ELSE 1 END) = 1

-- # a regular expression that is wrong for some rows
SELECT id FROM customers WHERE 'x' ~ (CASE WHEN name LIKE 'zq7-name-a%' THEN '[' ELSE '.' END)

-- # overflow for some rows
SELECT id FROM customers WHERE (CASE WHEN name LIKE 'zq7-name-a%' THEN 2147483647 ELSE 1 END) + 1 > 0

-- # a date that is wrong for some rows
SELECT id FROM notes WHERE to_date(text, 'YYYY') > '2000-01-01'

-- # a number that is wrong for some rows
SELECT id FROM notes WHERE text::numeric > 0

-- # JSON that is wrong for some rows
SELECT id FROM notes WHERE text::json IS NOT NULL

-- # a subquery that gives more than one row
SELECT (SELECT name FROM customers WHERE country = 'NO')

-- # a hint of a near name
SELECT nam FROM customers

-- # a hint of a near table
SELECT * FROM custmers

-- # a hint of a near function
SELECT lowr(name) FROM customers

-- # a place in a long statement
SELECT id FROM customers WHERE name = 'x' AND AND

-- # an unfinished string that is repeated by some
SELECT 'zq7-unfinished-{v}

-- # a wrong interval that is repeated
SELECT interval 'zq7'

-- # a wrong JSON that is repeated with its context
SELECT '{"zq7"'::jsonb

-- # a wrong array that is repeated
SELECT '{zq7,{'::text[]

-- # a wrong time zone that is repeated
SELECT now() AT TIME ZONE 'zq7'

-- # a logarithm of zero by a condition on hidden rows
SELECT ln(CASE WHEN (SELECT count(*) FROM customers WHERE name LIKE 'zq7-name-a%') > 0 THEN 0 ELSE 1 END)

-- # a square root by a masked column
SELECT sqrt(CASE WHEN (SELECT count(*) FROM customers WHERE phone LIKE 'zq7-a%') > 0 THEN -1 ELSE 1 END)

-- # an array's bound by a masked column
SELECT (ARRAY[1, 2])[CASE WHEN birth = 1951 THEN 1 ELSE 5 END] FROM customers

-- # a limit by a masked column
SELECT id FROM customers LIMIT (SELECT CASE WHEN max(phone) LIKE 'zq7%' THEN -1 ELSE 1 END FROM customers)

-- # a wrong constraint of a domain
SELECT (-1)::positive

-- # generate a missing function for its signature
SELECT abs(name) FROM customers

-- # a type error that names a hidden type
SELECT tier + 1 FROM customers
