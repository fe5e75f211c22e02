-- As truth.sql, for SQLite: run in a copy whose tables were renamed to `real_...`.
CREATE VIEW customers AS SELECT id, name,
    CASE WHEN instr(email, '@') > 0 THEN substr(email, instr(email, '@') + 1) END AS email,
    CASE WHEN length(phone) <= 8 THEN '…' ELSE '…' || substr(phone, -4) END AS phone,
    CAST(substr(birth, 1, 4) AS INTEGER) AS birth, tax_id, city, country, created_at, profile, picture
FROM real_customers WHERE tenant = 'acme';
CREATE VIEW products AS SELECT id, name, category, price, discount FROM real_products;
CREATE VIEW orders AS SELECT id, customer_id, placed_at, shipped_on, status, total FROM real_orders;
CREATE VIEW employees AS SELECT id, name, manager_id, team FROM real_employees;
CREATE VIEW notes AS SELECT id, text FROM real_notes WHERE owner = 'ann';
CREATE VIEW base AS SELECT id, word FROM real_base;
CREATE VIEW bare AS SELECT word, number FROM real_bare;
