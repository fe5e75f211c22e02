-- The SQLite file under attack. `{v}` and `{n}` as in attack.sql.
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, email TEXT, phone TEXT, birth TEXT,
    tax_id TEXT, city TEXT, country TEXT NOT NULL, created_at TEXT NOT NULL, profile TEXT, picture BLOB,
    ssn TEXT, salary INTEGER, zq7_hidden_column TEXT DEFAULT 'zq7-default-{v}'
);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 60)
INSERT INTO customers SELECT i,
    CASE WHEN i % 3 = 0 THEN 'zq7-tenant' ELSE 'acme' END,
    CASE WHEN i % 3 = 0 THEN 'zq7-name-{v}-' || i ELSE 'Customer ' || i END,
    CASE WHEN i % 7 = 0 THEN NULL ELSE 'zq7-local-{v}-' || i || '@' || substr('northsoutheast ', 1 + i % 3 * 5, 5) || '.example' END,
    CASE WHEN i % 10 = 0 THEN 'zq7-{v}' ELSE 'zq7-{v}-' || (1000 + i) END,
    (1950 + i % 40) || '-0{m}-11', 'zq7-tax-' || i % 5,
    CASE WHEN i % 11 = 0 THEN NULL WHEN i % 2 = 0 THEN 'Oslo' ELSE 'Lyon' END,
    CASE i % 4 WHEN 0 THEN 'NO' WHEN 1 THEN 'FR' WHEN 2 THEN 'AT' ELSE 'FI' END,
    '2026-01-' || printf('%02d', 1 + i % 28) || ' 08:00:00',
    json_object('age', 20 + i % 50, 'langs', json_array('en', 'fr')), x'00ff',
    'zq7-ssn-{v}-' || i, {n} * 100 + i, 'zq7-hidden-{v}' FROM s;
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price REAL NOT NULL, discount REAL, supplier_cost REAL);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 25)
INSERT INTO products SELECT i, 'Product ' || i, CASE i % 4 WHEN 0 THEN 'tools' WHEN 1 THEN 'books' WHEN 2 THEN 'toys' ELSE 'food' END,
    i * 3.25, CASE WHEN i % 5 = 0 THEN NULL ELSE i / 100.0 END, {n} + i FROM s;
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL, shipped_on TEXT, status TEXT NOT NULL, total REAL NOT NULL, margin INTEGER);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 240)
INSERT INTO orders SELECT i, 1 + (i * 7) % 60, datetime('2026-03-01 09:30:00', (i * 13) || ' hours'), NULL,
    CASE i % 4 WHEN 0 THEN 'open' WHEN 1 THEN 'paid' WHEN 2 THEN 'sent' ELSE 'void' END, (i * 17 % 400) + 0.5, {n} + i FROM s;
CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT NOT NULL, manager_id INTEGER, team TEXT NOT NULL, salary INTEGER, review TEXT);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 30)
INSERT INTO employees SELECT i, 'Employee ' || i, CASE WHEN i > 1 THEN i / 2 END, CASE i % 2 WHEN 0 THEN 'north' ELSE 'south' END, {n} * 10 + i, 'zq7-review-{v}' FROM s;
CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, text TEXT, pin TEXT);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20)
INSERT INTO notes SELECT i, CASE i % 2 WHEN 0 THEN 'ann' ELSE 'bob' END, CASE i % 2 WHEN 0 THEN 'note ' || i ELSE 'zq7-notes-{v}-' || i END, 'zq7-pin-{v}' FROM s;
CREATE TABLE base (id INTEGER, word TEXT);
INSERT INTO base VALUES (1, 'one'), (2, 'two');
CREATE TABLE bare (word TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
INSERT INTO bare VALUES ('a', 1), ('b', 2);
CREATE TABLE "select ""from"" where; --" ("select" INTEGER PRIMARY KEY, "Größe" TEXT, "a b" TEXT, "x""y" TEXT, hidden TEXT);
INSERT INTO "select ""from"" where; --" VALUES (1, 'g1', 'b1', 'y1', 'zq7-{v}'), (2, 'g2', 'b2', 'y2', 'zq7-{v}');
CREATE TABLE payroll (id INTEGER PRIMARY KEY, employee TEXT, amount INTEGER, iban TEXT);
INSERT INTO payroll VALUES (1, 'zq7-payee-{v}', {n}, 'zq7-iban-{v}'), (2, 'zq7-payee-{v}', {n}, 'zq7-iban-{v}');
CREATE TABLE only_{v}_has_this (zq7 INTEGER);
CREATE TABLE decoy (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT);
INSERT INTO decoy (word) VALUES ('zq7-decoy-{v}');
CREATE VIEW v_payroll AS SELECT employee, amount, 'zq7-view-{v}' AS word FROM payroll;
CREATE TABLE reviews (id INTEGER PRIMARY KEY, team TEXT, words TEXT);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 31) INSERT INTO reviews SELECT i, 'many', 'zq7-words-{v}' FROM s;
CREATE INDEX customers_by_ssn ON customers (ssn);
CREATE TRIGGER watch AFTER INSERT ON decoy BEGIN UPDATE decoy SET word = 'zq7-trigger-{v}'; END;
ANALYZE;
