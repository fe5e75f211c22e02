-- # declare a cursor
DECLARE c CURSOR WITH HOLD FOR SELECT ssn FROM customers

-- # fetch
FETCH ALL FROM c

-- # move and close
MOVE 1 IN c

-- # prepare
PREPARE p AS SELECT ssn FROM customers

-- # execute
EXECUTE p

-- # deallocate what the server prepared
DEALLOCATE ALL

-- # discard
DISCARD ALL

-- # listen
LISTEN zq7

-- # notify
NOTIFY zq7, 'told'

-- # notify by a function
SELECT pg_notify('zq7', 'told')

-- # unlisten
UNLISTEN *

-- # set
SET app.user_id = 'bob'

-- # set for the session
SET SESSION app.user_id = 'bob'

-- # set local
SET LOCAL statement_timeout = 0

-- # set the role
SET ROLE boss

-- # set who the session is
SET SESSION AUTHORIZATION boss

-- # reset
RESET ALL

-- # reset who the session is
RESET ROLE

-- # show
SHOW ALL

-- # show one
SHOW zq7.database_setting

-- # set the character set
SET NAMES 'SQL_ASCII'

-- # set the time zone
SET TIME ZONE 'UTC'

-- # set constraints
SET CONSTRAINTS ALL DEFERRED

-- # undo read only
SET TRANSACTION READ WRITE

-- # undo read only for later ones
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE

-- # begin
BEGIN READ WRITE

-- # commit
COMMIT AND CHAIN

-- # roll back
ROLLBACK

-- # prepare a transaction
PREPARE TRANSACTION 'zq7'

-- # an anonymous block
DO $$ BEGIN PERFORM public.write_it(); END $$

-- # call
CALL write_it()

-- # an advisory lock that stays
SELECT pg_advisory_lock(4711)

-- # one that is tried
SELECT pg_try_advisory_lock(4711), pg_advisory_unlock_all()

-- # one of the transaction
SELECT pg_advisory_xact_lock_shared(1, 2) FROM customers

-- # checkpoint
CHECKPOINT

-- # copy out
COPY customers TO STDOUT

-- # copy a query
COPY (SELECT ssn FROM customers) TO STDOUT

-- # copy to a file
COPY payroll TO '/tmp/zq7-copy'

-- # copy to a program
COPY payroll TO PROGRAM 'cat > /tmp/zq7-copy'

-- # copy in
COPY decoy FROM STDIN

-- # copy from a program
COPY decoy FROM PROGRAM 'id'

-- # lock rows
SELECT id FROM customers FOR UPDATE

-- # lock rows, weaker
SELECT id FROM customers FOR NO KEY UPDATE SKIP LOCKED

-- # share rows
SELECT id FROM customers FOR SHARE NOWAIT

-- # lock rows of another table
SELECT c.id FROM customers c, orders o FOR KEY SHARE OF o

-- # explain
EXPLAIN SELECT ssn FROM customers

-- # explain and run
EXPLAIN ANALYZE DELETE FROM decoy

-- # explain all
EXPLAIN (ANALYZE, VERBOSE, SETTINGS, WAL, FORMAT JSON) SELECT * FROM documents

-- # explain what is prepared
EXPLAIN EXECUTE p

-- # describe, in the words of others
DESCRIBE customers

-- # show tables, in the words of others
SHOW TABLES

-- # attach, in the words of others
ATTACH DATABASE '/etc/passwd' AS x

-- # pragma, in the words of others
PRAGMA table_info(customers)

-- # kill, in the words of others
KILL 1

-- # use, in the words of others
USE postgres
