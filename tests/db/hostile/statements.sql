-- # an alias without a query
customers

-- # an expression alone
1 + 1

-- # natural language
please show me all the salaries

-- # a script
SELECT id FROM customers \G

-- # a statement of another kind first
EXPLAIN PLAN FOR SELECT 1

-- # a pipe
FROM customers |> SELECT ssn

-- # from first
FROM customers SELECT ssn

-- # a select without anything
SELECT

-- # a select without a list
SELECT FROM customers

-- # a where without a table
SELECT ssn WHERE true

-- # a select as a set
(SELECT ssn FROM customers)

-- # a parenthesised table
SELECT * FROM (customers)

-- # a parenthesised join
SELECT ssn FROM (customers CROSS JOIN employees) AS j

-- # an alias of a join that hides its parts
SELECT j.ssn FROM (customers c JOIN orders o ON true) AS j

-- # a join alias of USING
SELECT j.ssn FROM customers a JOIN customers b USING (id) AS j

-- # a pivot
SELECT * FROM customers PIVOT (max(ssn) FOR city IN ('Oslo'))

-- # an unpivot
SELECT * FROM customers UNPIVOT (v FOR n IN (ssn, name))

-- # match recognize
SELECT * FROM customers MATCH_RECOGNIZE (ORDER BY ssn MEASURES a.ssn AS x PATTERN (a) DEFINE a AS true)

-- # connect by
SELECT id FROM employees CONNECT BY PRIOR salary = id

-- # qualify
SELECT id FROM employees QUALIFY rank() OVER (ORDER BY salary) = 1

-- # top
SELECT TOP (SELECT salary FROM employees LIMIT 1) id FROM employees

-- # outer apply
SELECT * FROM customers c OUTER APPLY (SELECT c.ssn) x

-- # a lateral view
SELECT * FROM customers LATERAL VIEW explode(ssn) t

-- # an array join
SELECT * FROM customers ARRAY JOIN ssn

-- # a temporal table
SELECT * FROM customers FOR SYSTEM_TIME AS OF '2020-01-01'

-- # a prewhere
SELECT id FROM customers PREWHERE ssn = 'x'

-- # settings of a statement
SELECT id FROM customers SETTINGS max_threads = 1

-- # a format of a statement
SELECT id FROM customers FORMAT JSON

-- # for XML
SELECT id FROM customers FOR XML AUTO

-- # a lambda
SELECT transform(tags, x -> ssn) FROM customers

-- # a struct
SELECT STRUCT(ssn AS a) FROM customers

-- # a dictionary
SELECT {'a': ssn} FROM customers

-- # a map
SELECT MAP {'a': ssn} FROM customers

-- # an interval of a column
SELECT INTERVAL ssn DAY FROM customers

-- # match against
SELECT MATCH (ssn) AGAINST ('x') FROM customers

-- # convert
SELECT CONVERT(ssn USING utf8), TRY_CAST(ssn AS int) FROM customers

-- # ceil and floor to a unit of a column
SELECT CEIL(salary TO DAY), FLOOR(salary) FROM customers

-- # overlay, trim and substring with hidden parts
SELECT OVERLAY(name PLACING ssn FROM 1 FOR 2), TRIM(BOTH ssn FROM name), SUBSTRING(name FROM 1 FOR salary) FROM customers

-- # normalize
SELECT ssn IS NFC NORMALIZED FROM customers

-- # grouping
SELECT GROUPING(ssn) FROM customers GROUP BY city

-- # current of
SELECT id FROM customers WHERE CURRENT OF c

-- # a default
SELECT DEFAULT

-- # an assignment
SELECT id := ssn FROM customers

-- # member of
SELECT 1 MEMBER OF (ssn) FROM customers

-- # a unique subquery
SELECT 1 WHERE UNIQUE (SELECT ssn FROM customers)

-- # an outer join the old way
SELECT c.id FROM customers c, orders o WHERE c.ssn = o.status (+)

-- # a prior of a column
SELECT PRIOR ssn FROM customers

-- # an introduced string
SELECT _utf8 ssn FROM customers

-- # a collation that is an oracle for its existence
SELECT name COLLATE "zq7" FROM customers

-- # order by all
SELECT id FROM customers ORDER BY ALL

-- # group by all
SELECT id FROM customers GROUP BY ALL

-- # distinct on an expression of the hidden
SELECT DISTINCT ON (lower(ssn)) id FROM customers

-- # limit by
SELECT id FROM customers LIMIT 1 BY ssn

-- # with ties on the hidden
SELECT id FROM employees ORDER BY salary FETCH FIRST 1 ROW WITH TIES
