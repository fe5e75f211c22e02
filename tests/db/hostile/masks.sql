-- # a masked value in full
SELECT email, phone, birth, tax_id FROM customers

-- # compare with a guess
SELECT id FROM customers WHERE email = 'zq7-local-a-1@south.example'

-- # LIKE with a guess
SELECT id FROM customers WHERE email LIKE 'zq7%'

-- # order by what is under the mask
SELECT id FROM customers ORDER BY phone, id

-- # the first letters
SELECT substr(email, 1, 3), left(phone, 4) FROM customers

-- # the length
SELECT length(email), length(phone), length(tax_id) FROM customers

-- # a range of dates
SELECT id FROM customers WHERE birth BETWEEN 1950 AND 1990

-- # a date's month
SELECT extract(month FROM birth) FROM customers

-- # a date as a text
SELECT birth::text FROM customers

-- # a date plus
SELECT birth + interval '0' FROM customers

-- # a date compared with a date
SELECT id FROM customers WHERE birth < date '1951-08-01'

-- # a hash by trying values out
SELECT id FROM customers WHERE tax_id = md5('zq7-tax-1') OR tax_id = left(md5('zq7-tax-1'), 16)

-- # a hash by trying the other digests out
SELECT id FROM customers WHERE tax_id IN (SELECT left(encode(sha256(('zq7-tax-' || g)::bytea), 'hex'), 16) FROM generate_series(0, 9) g)

-- # the key of the hash
SELECT current_setting('scoped.mask_key', true)

-- # the key as a parameter
SELECT $2, $3, tax_id FROM customers

-- # a join that compares below the mask
SELECT a.id FROM customers a JOIN customers b USING (email) WHERE a.id < b.id

-- # a mask in a CTE and back
WITH m AS (SELECT id, email FROM customers) SELECT m.email FROM m NATURAL JOIN customers

-- # a mask with an alias of its column
SELECT t.b FROM (SELECT email AS b FROM customers) t

-- # a mask with an alias list
SELECT x FROM customers AS t(a, b, x)

-- # a mask by the row
SELECT (customers).email FROM customers

-- # a mask by aggregates
SELECT min(email), max(phone), min(birth) FROM customers

-- # an array of masked values
SELECT array_agg(email ORDER BY phone) FROM customers

-- # a median of masked values
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email) FROM customers

-- # masked in a condition of a join with values
SELECT v.g FROM customers c JOIN (VALUES ('zq7-a-1001'), ('zq7-b-1001')) v(g) ON c.phone = v.g

-- # masked as bytes
SELECT phone::bytea, convert_to(email, 'UTF8') FROM customers

-- # masked with another collation
SELECT email COLLATE "C" FROM customers

-- # masked under a name that is not masked
SELECT c.email FROM customers AS c(id, email, name)
