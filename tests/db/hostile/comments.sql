-- # a comment between the letters
SELECT s/**/sn FROM customers

-- # a version comment of another database
SELECT /*!50000 ssn */ FROM customers

-- # a version comment around everything
/*!SELECT ssn FROM customers*/

-- # a hint
SELECT /*+ Set(app.user_id 'bob') */ title FROM documents

-- # a comment that is not closed
SELECT id FROM customers /* ssn

-- # a comment closed too often
SELECT id */ , ssn FROM customers

-- # a hash comment
SELECT id FROM customers # , ssn

-- # a double slash
SELECT id FROM customers // ssn

-- # a line comment at the end, without an end of line
SELECT id FROM customers WHERE id = 1 -- AND tenant = 'acme'

-- # a line comment in the last place to cut what the server adds
SELECT id FROM customers --

-- # a block comment opened to swallow what the server adds
SELECT id FROM customers WHERE 1 = 1 /*

-- # an inner parenthesis closed to escape a subselect
SELECT id FROM customers) AS x UNION SELECT ssn FROM customers --

-- # an inner parenthesis closed in a condition
SELECT id FROM customers WHERE id = 1) OR (1 = 1

-- # deeply nested comments
SELECT 1 {repeat /* 3000}
