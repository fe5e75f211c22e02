-- What config.example.toml names, with made-up data. Runs on SQLite and on PostgreSQL.
CREATE TABLE customers (
    id         integer PRIMARY KEY,
    name       text NOT NULL,
    region     text NOT NULL,
    email      text,
    phone      text,
    notes      text,
    credit_key text
);
CREATE TABLE orders (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    amount      numeric(10, 2) NOT NULL,
    placed_on   date NOT NULL
);
INSERT INTO customers VALUES
    (1, 'Aiko Tanaka', 'east', 'aiko@example.com', '+81 3 5550 0101', 'asked for a refund', 'k-1'),
    (2, 'Ben Ito', 'west', 'ben@example.org', '+81 6 5550 0102', NULL, 'k-2'),
    (3, 'Chika Sato', 'east', NULL, '+81 3 5550 0103', 'moves in May', 'k-3');
INSERT INTO orders VALUES
    (1, 1, 120.00, '2026-01-05'),
    (2, 1, 80.50, '2026-02-11'),
    (3, 2, 42.00, '2026-02-12'),
    (4, 3, 300.00, '2026-03-01');
