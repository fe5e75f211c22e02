-- # a cross join of all
SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e

-- # a cross join whose rows are given
SELECT * FROM orders a CROSS JOIN orders b CROSS JOIN order_lines c

-- # more joins than are allowed
SELECT 1 FROM base a, base b, base c, base d, base e, base f, base g, base h, base i, base j, base k, base l

-- # an endless recursion
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t

-- # an endless recursion that grows
WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT length(s) FROM t

-- # an endless recursion with a limit outside
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT n FROM t LIMIT 3

-- # a recursion that doubles
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t, (VALUES (1), (2)) v) SELECT max(n) FROM t

-- # a long series
SELECT count(*) FROM generate_series(1, 2000000000)

-- # a long series of dates
SELECT count(*) FROM generate_series('2000-01-01'::timestamp, '9000-01-01', '1 second')

-- # a series whose rows are given
SELECT * FROM generate_series(1, 100000000)

-- # a series as text
SELECT string_agg(g::text, '') FROM generate_series(1, 100000000) g

-- # series of series
SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b

-- # a text of a gigabyte
SELECT repeat('x', 1000000000)

-- # many of them
SELECT repeat('x', 100000000) FROM orders

-- # padded
SELECT lpad('x', 500000000, 'y'), rpad('x', 500000000, 'y')

-- # formatted
SELECT format('%500000000s', 'x')

-- # an array of a hundred million
SELECT array_fill(0, ARRAY[100000000])

-- # an array of all
SELECT array_agg(a.id) FROM orders a, orders b, orders c

-- # a JSON of all
SELECT jsonb_agg(a.status) FROM orders a, orders b, orders c

-- # texts of all
SELECT string_agg(a.status, ',') FROM orders a, orders b, orders c

-- # a regular expression that explodes
SELECT regexp_replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '(a*)*(a*)*(a*)*b', 'x')

-- # a regular expression that is huge
SELECT 'x' ~ '(((((x{1,200}){1,200}){1,200}){1,200}){1,200})'

-- # back references
SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' ~ '^(a+)+\1+$'

-- # LIKE that explodes
SELECT count(*) FROM orders a, orders b WHERE a.status || repeat('a', 1000) LIKE '%a%a%a%a%a%a%a%a%b'

-- # similar
SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' SIMILAR TO '((a|aa)*)*b'

-- # a number with many digits
SELECT 2::numeric ^ 100000

-- # a division of many digits
SELECT 1::numeric / 3::numeric ^ 10000

-- # a factorial by product
SELECT exp(sum(ln(id::numeric))) FROM orders a

-- # many parentheses
SELECT {repeat ( 3000}1{repeat ) 3000}

-- # many pluses
SELECT 1{repeat +1 4000}

-- # many minuses
SELECT {repeat -_ 4001}1

-- # many nots
SELECT {repeat NOT_ 2000}true

-- # many casts
SELECT 1{repeat ::int 2000}

-- # many cases
SELECT {repeat CASE_WHEN_true_THEN_ 400}1{repeat _END 400}

-- # many subselects
SELECT * FROM {repeat (SELECT_*_FROM_ 300}customers{repeat ) 300}

-- # many in a list
SELECT id FROM orders WHERE id IN (1{repeat ,1 4000})

-- # many columns
SELECT 1{repeat ,1 3000}

-- # many unions
SELECT 1{repeat _UNION_SELECT_1 600}

-- # many arrays
SELECT {repeat ARRAY[ 1000}1{repeat ] 1000}

-- # too long a statement
SELECT '{repeat x 200000}'

-- # many ors
SELECT id FROM orders WHERE id = 1{repeat _OR_id=1 1500}

-- # many CTEs that double
WITH a AS (SELECT 1 AS x UNION ALL SELECT 2), b AS (SELECT 1 FROM a, a a2), c AS (SELECT 1 FROM b, b b2), d AS (SELECT 1 FROM c, c c2), e AS (SELECT 1 FROM d, d d2) SELECT count(*) FROM e

-- # many grouping sets
SELECT count(*) FROM orders GROUP BY CUBE (id, customer_id, placed_at, shipped_on, status, total, handling, id + 1, id + 2, id + 3, id + 4, id + 5)

-- # a sort of much
SELECT a.id FROM orders a, orders b, orders c ORDER BY md5(a.id::text || b.id::text || c.id::text)

-- # a window over much
SELECT sum(a.id) OVER (ORDER BY b.id, a.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders a, orders b, orders c

-- # percentiles over much
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a.total) FROM orders a, orders b, orders c

-- # distinct over much
SELECT count(DISTINCT (a.id, b.id, c.id)) FROM orders a, orders b, orders c

-- # a deep JSON
SELECT '{repeat [ 5000}{repeat ] 5000}'::jsonb

-- # a JSON path that recurses
SELECT jsonb_path_query_array(profile, '$.**.**.**.**') FROM customers

-- # a split of much
SELECT count(*) FROM (SELECT regexp_split_to_table(repeat('a,', 50000000), ',')) x

-- # a large offset
SELECT id FROM orders OFFSET 9223372036854775807

-- # a negative limit
SELECT id FROM orders LIMIT -1

-- # a limit over all bounds
SELECT id FROM orders LIMIT 99999999999999999999

-- # a bit string that is huge
SELECT B'1'::bit(83886080)

-- # a text that is huge
SELECT 'x'::char(10485760)

-- # a numeric that is huge
SELECT 1::numeric(1000, 999)
