-- # sleep where a hidden value is met
SELECT CASE WHEN ssn LIKE 'zq7%' THEN pg_sleep(5) END FROM customers

-- # sleep in WHERE
SELECT id FROM customers WHERE pg_sleep(5) IS NULL

-- # a slow function where a hidden row is met
SELECT id FROM customers WHERE name LIKE 'zq7-name-a%' AND (SELECT count(*) FROM generate_series(1, 30000000)) > 0

-- # a slow join where a masked value is met
SELECT count(*) FROM customers c WHERE c.email LIKE 'zq7-local-a%' AND EXISTS (SELECT 1 FROM orders a, orders b, orders d, orders e WHERE a.id + b.id + d.id + e.id < 0)

-- # a slow hash where a rule's row is met
SELECT id FROM notes WHERE text LIKE 'zq7-notes-a%' AND md5(repeat(text, 10000000)) = ''

-- # the clock twice
SELECT clock_timestamp(), count(*), clock_timestamp() FROM customers

-- # the clock as a measure of a subquery
SELECT clock_timestamp() - statement_timestamp() FROM (SELECT count(*) FROM orders) x

-- # time by the age of the transaction
SELECT timeofday()

-- # EXPLAIN ANALYZE for exact times
EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM customers
