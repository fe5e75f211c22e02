-- # a filter and an order
SELECT id, name, city FROM customers WHERE country = 'FR' AND city IS NOT NULL ORDER BY id

-- # how many
SELECT count(*) FROM customers

-- # groups
SELECT country, count(*) AS n FROM customers GROUP BY country ORDER BY country

-- # two tables
SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'paid' ORDER BY o.id LIMIT 20

-- # what is missing on the other side
SELECT c.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 350 WHERE o.id IS NULL ORDER BY c.id

-- # a CTE
WITH big AS (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY customer_id) SELECT c.name, b.spent FROM big b JOIN customers c ON c.id = b.customer_id ORDER BY b.spent DESC, c.id LIMIT 10

-- # recursion
WITH RECURSIVE chain AS (SELECT id, 0 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, c.depth + 1 FROM employees e JOIN chain c ON e.manager_id = c.id) SELECT depth, count(*) FROM chain GROUP BY depth ORDER BY depth

-- # windows
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at) AS nth, sum(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders ORDER BY id LIMIT 20

-- # a pivot by FILTER
SELECT status, count(*) FILTER (WHERE total > 200) AS large, avg(total) FROM orders GROUP BY status ORDER BY status

-- # dates
SELECT strftime('%Y-%m', placed_at) AS month, count(*) FROM orders GROUP BY 1 ORDER BY 1

-- # JSON
SELECT id, profile ->> 'age' AS age FROM customers ORDER BY id LIMIT 5

-- # set operations
SELECT name FROM customers WHERE id < 5 UNION SELECT name FROM employees WHERE id < 3 ORDER BY name

-- # exists and in
SELECT name FROM products p WHERE EXISTS (SELECT 1 FROM base WHERE base.id = p.id) OR id IN (5, 7) ORDER BY id

-- # texts
SELECT upper(name), length(name), replace(name, 'Customer', 'C'), substr(name, 1, 3), name || '!' FROM customers ORDER BY id LIMIT 4

-- # numbers and nulls
SELECT id, round(price, 1), coalesce(discount, 0), nullif(id, 3), abs(-id), id % 4 FROM products ORDER BY id

-- # case
SELECT CASE WHEN total < 100 THEN 'small' ELSE 'large' END AS size, count(*) FROM orders GROUP BY 1 ORDER BY 1

-- # parameters
-- $ ["paid", 300]
SELECT id FROM orders WHERE status = $1 AND total > $2 ORDER BY id

-- # masked
SELECT email, birth, phone, count(*) FROM customers GROUP BY email, birth, phone ORDER BY email, birth, phone

-- # masked: hashes group as their values do
SELECT count(DISTINCT tax_id), count(*) FROM customers

-- # rules with the subject
SELECT * FROM notes ORDER BY id

-- # odd names
SELECT "select", "Größe", "a b", "x""y" FROM "select ""from"" where; --" ORDER BY 1

-- # a table without numbers of rows
SELECT * FROM bare ORDER BY word

-- # string aggregation
SELECT category, group_concat(id, ',') FROM (SELECT category, id FROM products ORDER BY id) x GROUP BY category ORDER BY category

-- # distinct and a join of three
SELECT DISTINCT c.country, p.category FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.id % 25 + 1 ORDER BY 1, 2
