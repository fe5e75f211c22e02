-- # set the path
SET search_path = evil, public

-- # a quoted dot
SELECT * FROM "public.payroll"

-- # a full-width name
SELECT * FROM ｐａｙｒｏｌｌ

-- # a name with a zero-width joiner
SELECT * FROM pay{U+200D}roll

-- # a name with a Kelvin sign that folds
SELECT * FROM sales.api_{U+212A}eys

-- # a dotted capital I that folds
SELECT {U+0130}d FROM customers

-- # a combining mark
SELECT "Gro{U+0308}ße" FROM "select ""from"" where; --"

-- # a name from right to left
SELECT id FROM {U+202E}llorayp{U+202C}

-- # a non-breaking space as a separator
SELECT{U+00A0}ssn{U+00A0}FROM{U+00A0}customers

-- # an ideographic space
SELECT{U+3000}ssn FROM customers

-- # a form feed and a vertical tab
SELECT{U+000C}ssn{U+000B}FROM customers

-- # a byte order mark
{U+FEFF}SELECT ssn FROM customers

-- # a name with a NUL
SELECT "ss{U+0000}n" FROM customers

-- # an escape of NUL in an identifier
SELECT U&"\0000ssn" FROM customers

-- # an escape that is a quote
SELECT U&"a\0022; SELECT ssn FROM customers; --" FROM customers

-- # an escape of a surrogate
SELECT U&"\D83D\DE00" FROM customers

-- # a string with an escape that is a quote
SELECT U&'a\0027; SELECT ssn FROM customers; --'

-- # an E string with an octal quote
SELECT E'\047; SELECT ssn FROM customers; --'

-- # an E string with a NUL
SELECT E'a\000b'

-- # an E string with a NUL by code
SELECT E'a\u0000b'

-- # an E string with a broken byte
SELECT E'\xff\xfe'

-- # a string continued on the next line
SELECT 'a'
'; SELECT ssn FROM customers'

-- # a national string
SELECT N'a\'; SELECT ssn FROM customers --'

-- # a bit string with letters
SELECT X'zz', B'12'

-- # back ticks
SELECT `ssn` FROM `customers`

-- # brackets
SELECT [ssn] FROM [customers]

-- # double quotes for a string
SELECT id FROM customers WHERE name = "ssn"

-- # a keyword as an alias
SELECT id AS select, name AS from FROM customers

-- # an alias that is a canary's column
SELECT id AS ssn FROM customers ORDER BY ssn

-- # an alias in its own WHERE
SELECT name AS ssn FROM customers WHERE ssn > 'a'

-- # a table alias that equals a schema
SELECT public.ssn FROM customers AS public

-- # a table alias that equals a hidden column
SELECT ssn.name FROM customers AS ssn

-- # a column alias with quotes and a newline
SELECT id AS "a
""; --" FROM customers

-- # an alias of 64 bytes, twice the same when cut
SELECT id AS aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab, name AS aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac FROM customers

-- # a number with a trailing name
SELECT 1ssn FROM customers

-- # a number with underscores
SELECT 1_000, 0x1F, 0o17, 0b11

-- # a number of many digits
SELECT 1{repeat 9 5000}

-- # an exponent that is huge
SELECT 1e1000000

-- # a parameter glued to a name
SELECT $1ssn FROM customers

-- # a colon parameter
SELECT :ssn FROM customers WHERE tenant = :subject

-- # the rule's own parameter
SELECT id FROM customers WHERE name = :subject

-- # a question mark
SELECT id FROM customers WHERE id = ?

-- # an at sign
SELECT @ssn, @@version
