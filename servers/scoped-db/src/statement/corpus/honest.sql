SELECT 1
SELECT * FROM customers
select * from public.customers;
SELECT id, name FROM customers WHERE country = 'DE' ORDER BY name LIMIT 10 OFFSET 20
SELECT c.id, c.name AS customer, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id
SELECT c.name, count(*) AS n, sum(o.amount) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.name HAVING count(*) > 3 ORDER BY n DESC NULLS LAST
SELECT count(*) FROM orders
SELECT count(DISTINCT customer_id) FROM orders WHERE status IN ('paid', 'sent')
SELECT status, count(*) FILTER (WHERE amount > 100) FROM orders GROUP BY 1 ORDER BY 2 DESC
SELECT date_trunc('month', created_at) AS month, sum(amount) FROM orders GROUP BY month ORDER BY month
SELECT date_trunc('week', created_at)::date AS week, avg(amount) FROM orders WHERE created_at >= now() - interval '90 days' GROUP BY 1
SELECT extract(year FROM created_at) AS year, count(*) FROM orders GROUP BY extract(year FROM created_at)
SELECT DISTINCT country FROM customers
SELECT DISTINCT ON (customer_id) customer_id, amount, created_at FROM orders ORDER BY customer_id, created_at DESC
SELECT name FROM customers WHERE name ILIKE '%smith%' OR notes LIKE 'a\_b%' ESCAPE '\'
SELECT * FROM customers WHERE id = $1 AND name <> $2
SELECT id FROM orders WHERE amount BETWEEN 10 AND 20.5 AND paid_on IS NOT NULL
SELECT id FROM orders WHERE status = ANY(ARRAY['paid','sent'])
SELECT id FROM orders WHERE status = ANY($1)
SELECT id FROM orders WHERE amount > ALL (SELECT amount FROM orders WHERE status = 'void')
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE amount > 100)
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
SELECT id FROM customers c WHERE NOT EXISTS (SELECT q.id FROM orders q WHERE q.customer_id = c.id)
SELECT name, (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS largest FROM customers c
WITH big AS (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id) SELECT c.name, b.total FROM big b JOIN customers c ON c.id = b.customer_id WHERE b.total > 1000
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
WITH a(p, q) AS MATERIALIZED (VALUES (1, 'x'), (2, 'y')) SELECT p, q FROM a
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT n.i + 1 FROM n WHERE n.i < 10) SELECT sum(i) FROM n
SELECT id FROM customers UNION SELECT customer_id FROM orders ORDER BY id
SELECT id FROM customers EXCEPT SELECT customer_id FROM orders
(SELECT id FROM customers LIMIT 1) UNION ALL (SELECT id FROM orders LIMIT 1)
SELECT id FROM customers INTERSECT ALL SELECT customer_id FROM orders
VALUES (1, 'a'), (2, 'b')
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(id, label)
SELECT column1 FROM (VALUES (1), (2)) v
SELECT x.name FROM (SELECT name, country FROM customers) x WHERE x.country = 'DE'
SELECT * FROM orders o CROSS JOIN customers c
SELECT * FROM orders o, customers c WHERE o.customer_id = c.id
SELECT * FROM orders NATURAL JOIN customers
SELECT * FROM orders JOIN customers USING (id)
SELECT * FROM orders RIGHT JOIN customers c ON c.id = orders.customer_id
SELECT * FROM orders FULL OUTER JOIN customers c ON c.id = orders.customer_id
SELECT c.name, l.amount FROM customers c LEFT JOIN LATERAL (SELECT amount FROM orders o WHERE o.customer_id = c.id ORDER BY amount DESC LIMIT 1) l ON true
SELECT * FROM (orders o JOIN customers c ON c.id = o.customer_id)
SELECT status, sum(amount) FROM orders GROUP BY ROLLUP (status)
SELECT status, customer_id, sum(amount) FROM orders GROUP BY CUBE (status, customer_id)
SELECT status, customer_id, sum(amount), grouping(status) FROM orders GROUP BY GROUPING SETS ((status), (customer_id), ())
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC) AS rn FROM orders
SELECT id, sum(amount) OVER (ORDER BY created_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM orders
SELECT id, avg(amount) OVER w, rank() OVER (w ORDER BY id) FROM orders WINDOW w AS (PARTITION BY customer_id)
SELECT id, lag(amount, 1) OVER (ORDER BY id) FROM orders
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM orders
SELECT mode() WITHIN GROUP (ORDER BY status) FROM orders
SELECT string_agg(name, ', ' ORDER BY name DESC) FROM customers
SELECT array_agg(DISTINCT status) FROM orders
SELECT json_agg(c) FROM customers c
SELECT json_build_object('id', id, 'name', name) FROM customers
SELECT row_to_json(c) FROM customers c
SELECT to_jsonb(x) FROM (SELECT id, name FROM customers) x
SELECT count(c.*) FROM customers c
SELECT CASE WHEN amount > 100 THEN 'big' WHEN amount > 10 THEN 'mid' ELSE 'small' END AS size, count(*) FROM orders GROUP BY size
SELECT CASE status WHEN 'paid' THEN 1 ELSE 0 END FROM orders
SELECT coalesce(notes, 'none'), nullif(name, ''), greatest(id, 3), least(id, 3) FROM customers
SELECT upper(name) || ' ' || lower(country), length(name), substring(name from 1 for 3), substr(name, 2), left(name, 1) FROM customers
SELECT trim(name), trim(both 'x' from name), trim(leading from name), ltrim(name), position('a' in name), strpos(name, 'a') FROM customers
SELECT overlay(name placing 'xx' from 2 for 3), replace(name, 'a', 'b'), split_part(name, ' ', 1), initcap(name) FROM customers
SELECT round(amount, 2), ceil(amount), floor(amount), abs(-amount), amount::numeric(10,2), cast(amount AS int), sqrt(amount) FROM orders
SELECT amount * quantity + 1 - 2 / 3 % 4 FROM orders
SELECT created_at::date, created_at AT TIME ZONE 'Europe/Berlin', age(created_at), to_char(created_at, 'YYYY-MM') FROM orders
SELECT DATE '2024-01-01', TIMESTAMP '2024-01-01 10:00', INTERVAL '1 day', INTERVAL '1' DAY, '2024-01-01'::timestamptz
SELECT current_date, current_timestamp, now(), localtimestamp, CURRENT_DATE - 7
SELECT make_interval(days => 7), make_date(2024, 1, 2)
SELECT data->'a', data->>'b', data#>'{a,b}', data#>>'{a,b}', data @> '{"a":1}', data ? 'a', data - 'a' FROM customers
SELECT tags[1], c.tags[1:2], cardinality(tags), array_length(tags, 1), tags && ARRAY['x'], 'x' = ANY(tags) FROM customers c
SELECT t.tag, count(*) FROM customers c, unnest(c.tags) AS t(tag) GROUP BY t.tag
SELECT tag FROM customers CROSS JOIN LATERAL unnest(tags) WITH ORDINALITY AS u(tag, n) ORDER BY n
SELECT unnest(tags) FROM customers
SELECT d::date, count(o.id) FROM generate_series('2024-01-01'::date, '2024-12-31'::date, interval '1 day') AS d LEFT JOIN orders o ON o.paid_on = d::date GROUP BY 1
SELECT g FROM generate_series(1, 10) g WHERE g.g > 3
SELECT e.key, e.value FROM customers c, jsonb_each_text(c.data) AS e
SELECT e->>'x' FROM customers, jsonb_array_elements(data->'items') AS e
SELECT ARRAY(SELECT amount FROM orders WHERE customer_id = c.id) FROM customers c
SELECT ROW(1, 2), (1, 2) = (id, 2) FROM customers
SELECT id FROM orders WHERE (customer_id, status) IN ((1, 'paid'), (2, 'sent'))
SELECT id FROM orders WHERE status IS DISTINCT FROM 'paid' AND (paid_on IS NULL) IS NOT TRUE
SELECT id FROM orders WHERE NOT status = 'paid' AND NOT (amount > 1 OR amount < -5)
SELECT name FROM customers WHERE name ~* '^a.*z$' AND name !~ 'x' AND name SIMILAR TO '(a|b)%'
SELECT regexp_replace(name, '[aeiou]', '', 'g'), regexp_match(name, 'a(.)') FROM customers
SELECT id FROM orders ORDER BY created_at DESC FETCH FIRST 5 ROWS ONLY
SELECT id FROM orders ORDER BY amount FETCH FIRST 5 ROWS WITH TIES
SELECT id FROM orders LIMIT ALL
SELECT id FROM orders LIMIT $1 OFFSET $2
SELECT customers.name FROM customers WHERE customers.id = 1
SELECT public.customers.name FROM public.customers
SELECT name AS "Name of it" FROM customers ORDER BY "Name of it"
SELECT name FROM customers ORDER BY name COLLATE "C"
SELECT corr(amount, quantity), stddev(amount), variance(amount), bool_or(amount > 1) FROM orders
SELECT ntile(4) OVER (ORDER BY amount), cume_dist() OVER (ORDER BY amount) FROM orders
SELECT width_bucket(amount, 0, 100, 10) AS bucket, count(*) FROM orders GROUP BY bucket
SELECT 'it''s', E'a\nb', $$dollar$$, $x$y$x$, 1e3, .5, 0.5, true, null
SELECT x FROM (SELECT count(*) AS x FROM orders) AS s WHERE x > 1
SELECT count FROM (SELECT count(*) FROM orders) AS s
SELECT /* a comment */ name /* and one more */ FROM customers
SELECT sum(amount) / nullif(count(*), 0) FROM orders
SELECT title FROM documents WHERE pages > 3
SELECT title FROM documents WHERE lower(title) LIKE 'a%'
SELECT (paid_on, paid_on) OVERLAPS (DATE '2024-01-01', DATE '2024-02-01') FROM orders
SELECT id FROM orders WHERE status LIKE ANY (ARRAY['p%', 's%'])
SELECT COUNT(*)::int AS total FROM orders
SELECT ROUND(AVG(amount)::numeric, 2) AS avg_amount, COALESCE(SUM(amount), 0) total FROM orders
SELECT id FROM orders WHERE created_at::date = CURRENT_DATE
SELECT id FROM orders WHERE created_at BETWEEN '2024-01-01' AND '2024-12-31' ORDER BY created_at DESC
SELECT DATE_PART('year', created_at) AS y, TO_CHAR(created_at, 'Mon'), COUNT(*) FROM orders GROUP BY 1, 2 ORDER BY COUNT(*) DESC
SELECT c.*, o.amount FROM customers c INNER JOIN orders o ON c.id = o.customer_id LEFT OUTER JOIN documents d ON d.id = o.id
SELECT string_agg(DISTINCT status, ', ') FROM orders
SELECT name FROM customers WHERE name LIKE '%' || $1 || '%' AND id NOT IN (1, 2)
SELECT id FROM customers WHERE id::text ILIKE '%1%'
WITH ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY amount DESC) rn FROM orders) SELECT * FROM ranked WHERE rn = 1
SELECT EXTRACT(EPOCH FROM (now() - created_at)) / 3600 AS hours FROM orders
SELECT DATE_TRUNC('day', created_at AT TIME ZONE 'UTC') d, SUM(CASE WHEN status = 'paid' THEN 1 ELSE 0 END) FROM orders GROUP BY d
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) AS median, percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY amount) FROM orders
SELECT EXISTS(SELECT 1 FROM orders WHERE amount > 10)
SELECT customer_id, SUM(SUM(amount)) OVER () FROM orders GROUP BY customer_id
SELECT amount - LAG(amount) OVER (PARTITION BY customer_id ORDER BY created_at) AS delta FROM orders
SELECT m FROM generate_series(date_trunc('month', now()) - interval '11 months', now(), '1 month') AS m
SELECT unnest(string_to_array('a,b', ',')), array_to_string(array_agg(status), ',') FROM orders
SELECT data->'a'->>'b', (data->>'x')::int, data @> '{"a":1}'::jsonb, jsonb_path_query_first(data, '$.a') FROM customers
SELECT 1 WHERE false
SELECT id FROM customers ORDER BY random() LIMIT 5
SELECT "name" FROM "customers" WHERE "customers"."id" = 1
SELECT "name" FROM "public"."customers" AS "c" WHERE "c"."id" = 1
SELECT CAST(amount AS DECIMAL(10,2)), amount::float, amount::double precision, name::varchar(10), name::char(3) FROM orders, customers
SELECT DATE '2024-01-01' + 7, interval '1 day' * 3, to_date('2024', 'YYYY'), age(now(), created_at) FROM orders
SELECT timestamp with time zone '2024-01-01 00:00+00', time '10:00', created_at::timestamp, created_at::time FROM orders
SELECT id FROM orders ORDER BY id OFFSET 10 ROWS FETCH NEXT 10 ROWS ONLY
SELECT TRUNC(amount, 2), MOD(id, 2), id % 2, POWER(amount, 2), LN(amount), EXP(1), id / 2.0 FROM orders
SELECT id, count(*) OVER () AS all_rows FROM orders
SELECT v.label, o.id FROM orders o JOIN (VALUES (1, 'a'), (2, 'b')) AS v(id, label) ON v.id = o.id
SELECT id FROM orders WHERE status <> ALL (ARRAY['paid', 'void'])
SELECT first_value(amount) OVER (PARTITION BY customer_id ORDER BY created_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM orders
SELECT id FROM orders WHERE (customer_id, status) IN (SELECT id, country FROM customers)
SELECT concat_ws(' ', name, country), md5(name), left(name, 3), reverse(name) FROM customers
SELECT a.id FROM orders a, orders b WHERE a.customer_id = b.customer_id AND a.id < b.id
SELECT c.country, o.status, COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.country, o.status ORDER BY 3 DESC, c.country
SELECT country FROM customers GROUP BY country HAVING COUNT(DISTINCT name) > 1 AND MAX(created_at) > '2024-01-01'
SELECT x.* FROM (SELECT id, sum(amount) OVER (ORDER BY created_at) AS running FROM orders) AS x WHERE x.running > 100
SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers) AS customers
SELECT id FROM orders WHERE created_at >= date_trunc('quarter', current_date) - interval '3 months'
SELECT to_char(amount, 'FM999,999.00'), to_number('1,234', '9G999') FROM orders
SELECT id FROM orders WHERE extract(isodow FROM created_at) IN (6, 7) AND extract(hour FROM created_at) NOT BETWEEN 9 AND 17
WITH a AS (SELECT id FROM customers), b AS (SELECT customer_id AS id FROM orders) SELECT id FROM a EXCEPT (SELECT id FROM b) ORDER BY 1
SELECT bool_and(amount > 0), every(amount > 0), bit_or(quantity), regr_slope(amount, quantity), var_pop(amount) FROM orders
SELECT id, CASE WHEN amount IS NULL THEN 'none' WHEN amount BETWEEN 0 AND 10 THEN 'low' END FROM orders WHERE CASE WHEN status = 'x' THEN true ELSE false END
SELECT o.id FROM orders AS o WHERE o.paid_on IS NULL AND o.created_at < now() - interval '30 days' LIMIT 100
SELECT width_bucket(amount, ARRAY[0, 10, 100]), ntile(10) OVER (ORDER BY amount) FROM orders
SELECT GREATEST(created_at, paid_on::timestamptz), LEAST(amount, 1), NULLIF(status, '') FROM orders
SELECT json_object_agg(id, name), jsonb_object_agg(id, name), json_build_array(1, 'a') FROM customers
SELECT * FROM orders o WHERE amount > (SELECT avg(amount) FROM orders i WHERE i.customer_id = o.customer_id)
SELECT count(*) FILTER (WHERE status = 'paid')::numeric / count(*) FROM orders
SELECT * FROM jsonb_array_elements_text('["a","b"]') AS t(v)
SELECT status, count(*) FROM orders WHERE paid_on > DATE '2024-01-01' AND NOT EXISTS (SELECT 1 FROM documents WHERE documents.id = orders.id) GROUP BY status
SELECT daterange(paid_on, paid_on + 7) @> DATE '2024-01-03', '[1,5)'::int4range && int4range(2, 3) FROM orders
