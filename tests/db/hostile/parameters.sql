-- # one that is missing
SELECT id FROM customers WHERE id = $1

-- # one too many
-- $ [1, 2]
SELECT id FROM customers WHERE id = $1

-- # number zero
-- $ [1]
SELECT $0

-- # number sixty-five thousand
-- $ [1]
SELECT $65536

-- # a number past all bounds
-- $ [1]
SELECT $99999999999999999999

-- # a gap
-- $ [1, 2, 3]
SELECT $1, $3

-- # a name as a value
-- $ ["ssn"]
SELECT $1 FROM customers

-- # a table as a value
-- $ ["payroll"]
SELECT * FROM $1

-- # a table as a value of a cast
-- $ ["payroll"]
SELECT $1::regclass

-- # an order as a value
-- $ ["ssn"]
SELECT id FROM customers ORDER BY $1

-- # SQL as a value
-- $ ["' OR 1=1; DROP TABLE decoy; --"]
SELECT id FROM customers WHERE name = $1

-- # a row as a value
-- $ ["(1,2)"]
SELECT $1::customers

-- # a pattern that explodes
-- $ ["(a*)*(a*)*(a*)*(a*)*b"]
SELECT repeat('a', 60) ~ $1

-- # a limit as a value
-- $ [-5]
SELECT id FROM customers LIMIT $1

-- # a NUL in a value
-- $ ["a\u0000b"]
SELECT $1

-- # a lone surrogate, as far as JSON can say it
-- $ ["\ud83d\ude00\u202e"]
SELECT $1

-- # a nested value
-- $ [[1, 2], {"a": 1}]
SELECT $1, $2

-- # a huge number
-- $ [1e308, 123456789012345678901234567890, -0.0]
SELECT $1, $2, $3

-- # many values
-- $ [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
SELECT $1, $110

-- # a value of the wrong type
-- $ ["abc"]
SELECT id FROM customers WHERE id = $1

-- # a value of the wrong type for a date
-- $ [true]
SELECT id FROM orders WHERE placed_at > $1

-- # a value that claims to be the rule's
-- $ ["zq7-tenant", "zq7-tenant"]
SELECT id, $1 FROM customers WHERE $2 = 'zq7-tenant'

-- # a value in the place of the subject
-- $ ["bob"]
SELECT id, text FROM notes WHERE $1 = 'bob'

-- # a function's argument as a value
-- $ ["20"]
SELECT pg_sleep($1)

-- # a setting as a value
-- $ ["zq7.database_setting"]
SELECT current_setting($1)

-- # no list
-- $ []
SELECT $1

-- # a colour of JSON
-- $ ["$.**"]
SELECT jsonb_path_query(profile, $1::jsonpath) FROM customers
