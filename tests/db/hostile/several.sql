-- # a second statement after a semicolon
SELECT id FROM customers; SELECT ssn FROM customers

-- # a second statement that writes
SELECT 1; INSERT INTO decoy VALUES (9, 'written')

-- # an empty statement, then one of the catalog
; SELECT prosrc FROM pg_proc

-- # leave the read-only transaction first
SET TRANSACTION READ WRITE; DELETE FROM decoy

-- # end the transaction and begin another
COMMIT; DROP TABLE decoy

-- # the same with a comment between
SELECT 1 /* ; */ ; /* */ ROLLBACK; TRUNCATE payroll

-- # a semicolon inside a string that is not one
SELECT 'a''; SELECT ssn FROM customers; --'

-- # a backslash that some take for an escape
SELECT 'a\'; SELECT ssn FROM customers; --'

-- # an escape string that ends early for some
SELECT E'a\\'; SELECT ssn FROM customers; --'

-- # a dollar quote that hides the end
SELECT $a$ $a$; SELECT amount FROM payroll; SELECT $a$ $a$

-- # a dollar quote with a tag that looks closed
SELECT $q$ $Q$; SELECT amount FROM payroll --$q$

-- # an identifier with a quote
SELECT 1 AS "a"";SELECT ssn FROM customers;--"

-- # a line comment that ends with a carriage return only
SELECT 1 --{U+000D}; SELECT ssn FROM customers

-- # a line comment that ends with a Unicode line separator
SELECT 1 --{U+2028}; SELECT ssn FROM customers

-- # nested comments that one side closes earlier
SELECT 1 /* /* */ ; SELECT ssn FROM customers -- */

-- # a NUL after which the rest is hidden
SELECT 1{U+0000}; SELECT ssn FROM customers

-- # the end of a psql script
SELECT 1 \; SELECT ssn FROM customers \gexec

-- # begin a block
BEGIN; SELECT ssn FROM customers; END

-- # a savepoint to come back to
SAVEPOINT a; SELECT amount FROM payroll; RELEASE a

-- # only a semicolon
;

-- # nothing
{U+0020}

-- # only a comment
/* SELECT ssn FROM customers */
