-- # all of a small table
SELECT * FROM notes ORDER BY id

-- # a filter and an order
SELECT id, name, city FROM customers WHERE country = 'FR' AND city IS NOT NULL ORDER BY name

-- # how many
SELECT count(*) FROM customers

-- # groups
SELECT country, count(*) AS n FROM customers GROUP BY country ORDER BY n DESC, country

-- # groups by place
SELECT country, tier, count(*) FROM customers GROUP BY 1, 2 ORDER BY 1, 2

-- # having
SELECT customer_id, sum(total) AS spent FROM orders GROUP BY customer_id HAVING sum(total) > 900 ORDER BY spent DESC, customer_id

-- # two tables
SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'paid' ORDER BY o.id LIMIT 20

-- # two tables, qualified and with USING
SELECT order_id, line, status FROM sales.order_lines JOIN (SELECT id AS order_id, status FROM sales.orders) s USING (order_id) ORDER BY order_id, line LIMIT 30

-- # what is missing on the other side
SELECT c.id, c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 350 WHERE o.id IS NULL ORDER BY c.id

-- # four tables
SELECT c.country, p.category, sum(l.quantity * p.price) AS worth FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = l.product_id GROUP BY c.country, p.category ORDER BY worth DESC, 1, 2

-- # right and full joins
SELECT coalesce(a.id, b.id) AS id, a.name, b.total FROM customers a FULL OUTER JOIN (SELECT * FROM orders WHERE total > 380) b ON a.id = b.customer_id ORDER BY 1, 3 LIMIT 40

-- # a self join
SELECT e.name, m.name AS manager FROM employees e LEFT JOIN employees m ON m.id = e.manager_id ORDER BY e.id

-- # a cross join of values
SELECT v.tier, count(c.id) FROM (VALUES ('free'), ('plus'), ('gold')) AS v(tier) LEFT JOIN customers c ON c.tier::text = v.tier GROUP BY v.tier ORDER BY v.tier

-- # a natural join on the key
SELECT count(*) FROM orders NATURAL JOIN (SELECT 5 AS id) x

-- # a CTE
WITH big AS (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id ORDER BY b.spent DESC, c.id LIMIT 10

-- # two CTEs, one from the other
WITH months AS (SELECT date_trunc('month', placed_at) AS m, total FROM orders), sums AS (SELECT m, sum(total) AS s FROM months GROUP BY m) SELECT m, s, s - lag(s) OVER (ORDER BY m) AS change FROM sums ORDER BY m

-- # a CTE with column names, materialized
WITH t (who, n) AS MATERIALIZED (SELECT customer_id, count(*) FROM orders GROUP BY 1) SELECT max(n), min(n) FROM t

-- # recursion over managers
WITH RECURSIVE chain AS (SELECT id, name, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, c.depth + 1 FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT depth, count(*) FROM chain GROUP BY depth ORDER BY depth

-- # recursion with a path
WITH RECURSIVE chain AS (SELECT id, name::text AS path FROM employees WHERE id = 1 UNION ALL SELECT e.id, c.path || ' > ' || e.name FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT path FROM chain ORDER BY path LIMIT 12

-- # a row number
SELECT id, customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at) AS nth FROM orders ORDER BY customer_id, nth LIMIT 30

-- # ranks
SELECT name, price, rank() OVER (ORDER BY price DESC), dense_rank() OVER (PARTITION BY category ORDER BY price), ntile(4) OVER (ORDER BY price) FROM products ORDER BY price

-- # a running total
SELECT id, total, sum(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders WHERE customer_id = 8 ORDER BY id

-- # a moving average
SELECT id, avg(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM orders ORDER BY id LIMIT 25

-- # a frame of a range
SELECT id, count(*) OVER (ORDER BY placed_at RANGE BETWEEN interval '2 days' PRECEDING AND CURRENT ROW) FROM orders ORDER BY id LIMIT 25

-- # first and last values
SELECT DISTINCT customer_id, first_value(total) OVER (PARTITION BY customer_id ORDER BY id), last_value(total) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders ORDER BY customer_id LIMIT 15

-- # lag and lead with defaults
SELECT id, lag(total, 1, 0) OVER (ORDER BY id) AS before, lead(total) OVER (ORDER BY id) AS after FROM orders ORDER BY id LIMIT 10

-- # a share of the whole
SELECT status, round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent FROM orders GROUP BY status ORDER BY status

-- # a window named
SELECT id, sum(total) OVER w, avg(total) OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY id) ORDER BY id LIMIT 12

-- # percentiles
SELECT status, percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY total) AS p90, mode() WITHIN GROUP (ORDER BY customer_id) FROM orders GROUP BY status ORDER BY status

-- # a pivot by FILTER
SELECT date_trunc('month', placed_at) AS month, count(*) FILTER (WHERE status = 'paid') AS paid, count(*) FILTER (WHERE status = 'void') AS void FROM orders GROUP BY 1 ORDER BY 1

-- # a pivot by CASE
SELECT customer_id, sum(CASE WHEN status = 'paid' THEN total ELSE 0 END) AS paid, sum(CASE status WHEN 'void' THEN 1 WHEN 'open' THEN 10 END) AS odd FROM orders GROUP BY customer_id ORDER BY customer_id LIMIT 15

-- # one a group
SELECT DISTINCT ON (customer_id) customer_id, id, total FROM orders ORDER BY customer_id, total DESC, id

-- # the best two a group, by LATERAL
SELECT c.name, t.id, t.total FROM customers c CROSS JOIN LATERAL (SELECT o.id, o.total FROM orders o WHERE o.customer_id = c.id ORDER BY o.total DESC, o.id LIMIT 2) t ORDER BY c.id, t.total DESC, t.id

-- # left join lateral
SELECT c.id, t.n FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id AND o.total > 300) t ON true ORDER BY c.id

-- # union
SELECT name FROM customers WHERE id < 5 UNION SELECT name FROM employees WHERE id < 5 ORDER BY name

-- # union all with a tag
SELECT 'c' AS kind, id FROM customers WHERE id < 9 UNION ALL SELECT 'e', id FROM employees WHERE id < 4 ORDER BY kind, id

-- # intersect and except
SELECT customer_id FROM orders WHERE status = 'paid' INTERSECT SELECT customer_id FROM orders WHERE total > 300 EXCEPT SELECT id FROM customers WHERE country = 'NO' ORDER BY 1

-- # distinct
SELECT DISTINCT city, country FROM customers ORDER BY city NULLS FIRST, country

-- # distinct counts
SELECT count(DISTINCT customer_id), count(*), count(shipped_on) FROM orders

-- # in a subquery
SELECT name FROM products WHERE id IN (SELECT product_id FROM order_lines GROUP BY product_id HAVING sum(quantity) > 40) ORDER BY name

-- # exists
SELECT c.name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 390) ORDER BY c.name

-- # not exists
SELECT p.name FROM products p WHERE NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.product_id = p.id AND l.order_id < 20) ORDER BY p.id

-- # any and all
SELECT id FROM products WHERE price > ALL (SELECT price FROM products WHERE category = 'toys') OR id = ANY (ARRAY[1, 2]) ORDER BY id

-- # a scalar subquery
SELECT name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c ORDER BY n DESC, c.id LIMIT 10

-- # above the average
SELECT id, total FROM orders WHERE total > (SELECT avg(total) FROM orders) ORDER BY total DESC, id LIMIT 12

-- # a derived table
SELECT avg(n) FROM (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) t

-- # dates: by month
SELECT to_char(placed_at, 'YYYY-MM') AS month, count(*), sum(total) FROM orders GROUP BY 1 ORDER BY 1

-- # dates: parts
SELECT extract(dow FROM placed_at) AS day, extract(hour FROM placed_at) AS hour, count(*) FROM orders GROUP BY 1, 2 ORDER BY 1, 2

-- # dates: differences
SELECT id, shipped_on - placed_at::date AS days, age(shipped_on::timestamp, placed_at) AS gap FROM orders WHERE shipped_on IS NOT NULL ORDER BY id LIMIT 15

-- # dates: intervals
SELECT count(*) FROM orders WHERE placed_at >= timestamp '2026-03-20' AND placed_at < timestamp '2026-03-20' + interval '1 month'

-- # dates: between
SELECT id FROM orders WHERE placed_at BETWEEN '2026-03-05' AND '2026-03-08 12:00' ORDER BY id

-- # dates: with a time zone
SELECT id, created_at AT TIME ZONE 'Europe/Oslo' AS local FROM customers ORDER BY id LIMIT 5

-- # dates: an interval column
SELECT handling, count(*), sum(handling) FROM orders GROUP BY handling ORDER BY handling

-- # dates: a calendar with gaps filled
SELECT d::date AS day, count(o.id) FROM generate_series(timestamp '2026-03-01', timestamp '2026-03-10', interval '1 day') d LEFT JOIN orders o ON o.placed_at::date = d::date GROUP BY d ORDER BY d

-- # dates: made of parts
SELECT make_date(2026, 2, 28) + 1 AS next, date '2026-01-31' + interval '1 month' AS end_of_month

-- # JSON: fields
SELECT id, profile ->> 'age' AS age, profile -> 'langs' ->> 0 AS first, profile #>> '{address,zip}' AS zip FROM customers ORDER BY id LIMIT 8

-- # JSON: conditions
SELECT count(*) FROM customers WHERE (profile ->> 'age')::int > 40 AND profile @> '{"news": true}' AND profile ? 'langs'

-- # JSON: elements
SELECT l.value, count(*) FROM customers c CROSS JOIN LATERAL jsonb_array_elements_text(c.profile -> 'langs') AS l(value) GROUP BY l.value ORDER BY l.value

-- # JSON: built
SELECT jsonb_build_object('status', status, 'n', count(*)) AS o FROM orders GROUP BY status ORDER BY status

-- # JSON: an aggregate
SELECT jsonb_agg(name ORDER BY id) FROM products WHERE category = 'toys'

-- # arrays: contain
SELECT id FROM customers WHERE 'vip' = ANY (tags) AND tags @> ARRAY['beta'] ORDER BY id

-- # arrays: unnested
SELECT t.tag, count(*) FROM customers c CROSS JOIN LATERAL unnest(c.tags) AS t(tag) GROUP BY t.tag ORDER BY t.tag

-- # arrays: made and measured
SELECT customer_id, array_agg(id ORDER BY id) AS ids, array_length(array_agg(id), 1) AS n FROM orders WHERE customer_id < 5 GROUP BY customer_id ORDER BY customer_id

-- # arrays: an element and a text
SELECT id, tags[1] AS first, array_to_string(tags, '|') AS all_tags, cardinality(tags) FROM customers ORDER BY id LIMIT 6

-- # texts: like
SELECT name FROM products WHERE name ILIKE 'product 1%' AND name NOT LIKE '%5' ORDER BY name

-- # texts: functions
SELECT upper(name), lower(name), length(name), substring(name FROM 10), left(name, 3), replace(name, 'Customer', 'C'), split_part(name, ' ', 2), initcap('ab cd') FROM customers ORDER BY id LIMIT 6

-- # texts: joined
SELECT status, string_agg(id::text, ', ' ORDER BY id) FROM orders WHERE id < 20 GROUP BY status ORDER BY status

-- # texts: trimmed, padded and found
SELECT trim('  x '), btrim('xxaxx', 'x'), position('u' IN name), strpos(name, 'm'), concat_ws('-', city, country), reverse(country) FROM customers ORDER BY id LIMIT 8

-- # texts: expressions
SELECT name FROM customers WHERE name ~ '^Customer [12]\d$' ORDER BY name

-- # texts: replaced by expression
SELECT regexp_replace(name, '[0-9]+', '#') AS shape, count(*) FROM customers GROUP BY 1 ORDER BY 1

-- # texts: quotes, backslashes, Unicode
SELECT 'it''s' AS a, E'tab\there' AS b, 'back\slash' AS c, U&'\00e9t\00e9' AS d, '日本語' AS e, $$dollar 'quoted'$$ AS f

-- # numbers
SELECT id, price, round(price, 1), ceil(price), floor(price), abs(-price), mod(id, 4), id % 3, price ^ 2, sqrt(id::float8), trunc(price / 3, 3) FROM products ORDER BY id LIMIT 7

-- # numbers: floats and null
SELECT id, discount, coalesce(discount, 0) + 1 AS d, nullif(discount, 0.01) AS n, greatest(discount, 0.1), least(id, 3) FROM products ORDER BY id

-- # numbers: statistics
SELECT avg(total), stddev(total), variance(total), corr(total, id), min(total), max(total) FROM orders

-- # numbers: buckets
SELECT width_bucket(total, 0, 400, 4) AS bucket, count(*) FROM orders GROUP BY 1 ORDER BY 1

-- # case with ranges
SELECT CASE WHEN total < 100 THEN 'small' WHEN total < 300 THEN 'middle' ELSE 'large' END AS size, count(*) FROM orders GROUP BY 1 ORDER BY 1

-- # logic with nulls
SELECT id, city IS NULL AS unknown, city IS DISTINCT FROM 'Oslo' AS elsewhere, (city = 'Oslo') IS NOT TRUE AS maybe FROM customers ORDER BY id LIMIT 12

-- # bools in aggregates
SELECT tier, bool_or(city IS NULL), bool_and(id > 0), every(id < 100) FROM customers GROUP BY tier ORDER BY tier

-- # grouping sets
SELECT country, tier, count(*) FROM customers GROUP BY GROUPING SETS ((country, tier), (country), ()) ORDER BY country NULLS LAST, tier NULLS LAST

-- # rollup
SELECT category, count(*), grouping(category) FROM products GROUP BY ROLLUP (category) ORDER BY category NULLS LAST

-- # cube
SELECT status, customer_id % 2 AS odd, count(*) FROM orders GROUP BY CUBE (status, customer_id % 2) ORDER BY 1 NULLS LAST, 2 NULLS LAST

-- # pages
SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 30

-- # fetch first
SELECT id FROM orders ORDER BY id DESC FETCH FIRST 5 ROWS ONLY

-- # an order by an expression and an alias
SELECT id, total * 2 AS twice FROM orders ORDER BY total % 10 DESC, twice, id LIMIT 14

-- # parameters
-- $ ["paid", 300]
SELECT id, total FROM orders WHERE status = $1 AND total > $2 ORDER BY id

-- # parameters in a date and a list
-- $ ["2026-03-10", 12, 13]
SELECT id FROM orders WHERE placed_at > $1::timestamp AND customer_id IN ($2, $3) ORDER BY id

-- # a parameter with quotes
-- $ ["it's; DROP TABLE x --\\"]
SELECT $1::text AS said, length($1)

-- # a parameter that is null
-- $ [null]
SELECT count(*) FROM customers WHERE $1::text IS NULL

-- # enums
SELECT tier, count(*) FROM customers WHERE tier = 'gold' OR tier::text = 'plus' GROUP BY tier ORDER BY tier

-- # masked: domains
SELECT email AS domain, count(*) FROM customers GROUP BY email ORDER BY email NULLS LAST

-- # masked: years and last digits
SELECT id, birth, phone FROM customers WHERE birth > 1970 ORDER BY birth, id

-- # masked: hashes group as their values do
SELECT count(DISTINCT tax_id), count(*) FROM customers

-- # masked: groups of hashes
SELECT n, count(*) FROM (SELECT tax_id, count(*) AS n FROM customers GROUP BY tax_id) t GROUP BY n ORDER BY n

-- # row-level security
SELECT id, owner, title, body FROM documents ORDER BY id

-- # partitions
SELECT kind, date_trunc('year', at) AS year, sum(amount) FROM events GROUP BY 1, 2 ORDER BY 1, 2

-- # heirs
SELECT id, word FROM base ORDER BY id

-- # odd names
SELECT "select", "Größe" AS "größe", "a b", "x""y", "SSN", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk" FROM "Ünï ""côde"""."select ""from"" where; --" WHERE "a b" > 'b2' ORDER BY "select"

-- # an alias in capitals and without quotes
SELECT O.ID AS Number, O.Total FROM Sales.Orders AS O WHERE O.Id <= 3 ORDER BY O.ID

-- # no table
SELECT 1 + 1 AS two, 'x' AS x, true AS t, NULL AS n, 1.50 AS d

-- # values alone
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC

-- # a comment or two
SELECT /* how many */ count(*) -- of them
FROM orders -- all

-- # cohort by first month
WITH firsts AS (SELECT customer_id, min(date_trunc('month', placed_at)) AS cohort FROM orders GROUP BY customer_id) SELECT f.cohort, date_trunc('month', o.placed_at) AS month, count(DISTINCT o.customer_id) AS active FROM firsts f JOIN orders o USING (customer_id) GROUP BY f.cohort, date_trunc('month', o.placed_at) ORDER BY 1, 2

-- # sessions by gaps
WITH gaps AS (SELECT kind, at, CASE WHEN at - lag(at) OVER (PARTITION BY kind ORDER BY at) > interval '5 days' THEN 1 ELSE 0 END AS new FROM events) SELECT kind, sum(new) AS sessions FROM gaps GROUP BY kind ORDER BY kind
