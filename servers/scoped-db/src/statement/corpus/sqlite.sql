SELECT * FROM customers
SELECT ID, Name FROM Customers WHERE COUNTRY = 'DE' ORDER BY name LIMIT 10 OFFSET 20
SELECT main.customers.name FROM main.customers
SELECT c.name, count(*) AS n, total(o.amount) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.name HAVING count(*) > 3 ORDER BY n DESC NULLS LAST
SELECT name FROM customers WHERE name LIKE 'A%' ESCAPE '!' OR name ILIKE '%smith' OR notes NOT LIKE 'x'
SELECT strftime('%Y-%m', created_at) AS month, sum(amount) FROM orders GROUP BY month
SELECT date(created_at), datetime('now', '-7 days'), julianday('now') - julianday(created_at), unixepoch(created_at) FROM orders
SELECT id FROM orders WHERE created_at >= date('now', '-30 days')
SELECT upper(name) || ' ' || lower(country), length(name), substr(name, 1, 3), trim(name), replace(name, 'a', 'b'), instr(name, 'a') FROM customers
SELECT ifnull(notes, 'none'), coalesce(notes, name), nullif(name, ''), iif(id > 1, 'a', 'b') FROM customers
SELECT json_extract(data, '$.a'), data -> 'a', data ->> '$.b', json_array_length(data) FROM customers
SELECT group_concat(name, ', '), count(DISTINCT country), max(id), min(id, 3) FROM customers
SELECT CASE WHEN amount > 100 THEN 'big' ELSE 'small' END AS size, count(*) FILTER (WHERE amount > 1) FROM orders GROUP BY size
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC) AS rn, sum(amount) OVER w FROM orders WINDOW w AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
WITH big AS (SELECT customer_id, sum(amount) AS t FROM orders GROUP BY customer_id) SELECT c.name, b.t FROM big b JOIN customers c ON c.id = b.customer_id
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n
SELECT id FROM customers UNION SELECT customer_id FROM orders EXCEPT SELECT 3 ORDER BY id
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders) AND id NOT IN (1, 2, 3) AND id BETWEEN $1 AND $2
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
SELECT (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) FROM customers c
SELECT CAST(amount AS INTEGER), CAST(id AS TEXT), -amount, abs(amount), round(amount, 2), amount % 3, id << 2 FROM orders
SELECT x.name FROM (SELECT name FROM customers) AS x
SELECT * FROM orders JOIN customers USING (id)
SELECT * FROM orders NATURAL JOIN customers
SELECT * FROM orders CROSS JOIN customers
SELECT * FROM orders FULL JOIN customers c ON c.id = orders.customer_id
VALUES (1, 'a'), (2, 'b')
SELECT name COLLATE NOCASE FROM customers ORDER BY name COLLATE NOCASE
SELECT id FROM orders WHERE status IS NULL OR paid_on IS NOT NULL OR status IS DISTINCT FROM 'x'
SELECT id FROM orders WHERE NOT (status = 'paid' AND amount < 5) OR status <> 'x' OR status != 'y'
SELECT title FROM documents WHERE lower(title) = 'x'
SELECT email, phone FROM customers
SELECT [name], `id` FROM customers
SELECT typeof(customers.id), hex(name), quote(name), sign(amount), true, null, 1.5e3 FROM customers, orders
SELECT x.id FROM (SELECT id FROM customers LIMIT 3) x LIMIT 1
SELECT id FROM orders LIMIT 5, 10
