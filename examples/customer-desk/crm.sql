-- A small customer desk, in SQL that SQLite and PostgreSQL both read. All of it is made up.

CREATE TABLE customers (
    id integer PRIMARY KEY,
    name varchar(80) NOT NULL,
    email varchar(120),
    phone varchar(40),
    born date,
    region varchar(20) NOT NULL,
    notes varchar(400)
);

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    placed date NOT NULL,
    item varchar(80) NOT NULL,
    cents integer NOT NULL
);

CREATE TABLE tickets (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    agent varchar(40) NOT NULL,
    state varchar(20) NOT NULL,
    subject varchar(120) NOT NULL
);

CREATE TABLE staff (
    id integer PRIMARY KEY,
    name varchar(80) NOT NULL,
    salary integer NOT NULL
);

-- not in the configuration: for whoever asks the server, it is not there
CREATE TABLE portal_logins (
    customer_id integer PRIMARY KEY REFERENCES customers (id),
    secret varchar(80) NOT NULL
);

INSERT INTO customers VALUES
    (1, 'Mira Castell', 'mira.castell@orchard.example', '+49 30 5550 1842', '1984-03-09', 'north', 'Pays late since her divorce.'),
    (2, 'Tomás Ibarra', 't.ibarra@quayside.example', '+34 91 555 7720', '1990-11-21', 'south', 'Asked for a loan, was refused.'),
    (3, 'Aoi Nakamura', 'aoi@hillcrest.example', '+81 3 5550 6634', '1977-07-02', 'north', NULL),
    (4, 'Lena Brandt', NULL, '+49 40 555 03', '1996-01-15', 'south', 'Lost her job in May.');

INSERT INTO orders VALUES
    (1, 1, '2026-06-02', 'Desk lamp', 7900),
    (2, 1, '2026-07-19', 'Oak shelf', 24900),
    (3, 2, '2026-07-23', 'Desk lamp', 7900),
    (4, 3, '2026-08-01', 'Armchair', 61900),
    (5, 4, '2026-08-11', 'Oak shelf', 24900);

INSERT INTO tickets VALUES
    (1, 1, 'support-desk', 'open', 'The lamp flickers'),
    (2, 3, 'support-desk', 'closed', 'Which fabric is it?'),
    (3, 2, 'field-desk', 'open', 'Delivery to the new flat, door code 4417'),
    (4, 4, 'field-desk', 'open', 'Return without a receipt');

INSERT INTO staff VALUES
    (1, 'Asha Rao', 71000),
    (2, 'Piet Vos', 64000);

INSERT INTO portal_logins VALUES
    (1, 'canary-9d2e71b4'),
    (2, 'canary-9d2e71b4');
