-- # an operator that calls code
SELECT 1 #!# 2

-- # the same by its name
SELECT 1 OPERATOR(public.#!#) 2

-- # an operator on two texts
SELECT name === 'x' FROM customers

-- # a prefix operator
SELECT !! name FROM customers

-- # an overload of a common operator
SELECT name + 'x' FROM customers

-- # a twin of equality by the path of the role
SELECT id FROM customers WHERE name = 'Customer 1'

-- # a twin of equality by its name
SELECT id FROM customers WHERE name OPERATOR(evil.=) 'x'

-- # a twin of LIKE
SELECT id FROM customers WHERE name LIKE 'x%'

-- # a twin of equality in IN
SELECT id FROM customers WHERE name IN ('x', 'y')

-- # a twin of equality in CASE
SELECT CASE name WHEN 'x' THEN 1 END FROM customers

-- # a twin of equality in DISTINCT FROM
SELECT id FROM customers WHERE name IS DISTINCT FROM 'x'

-- # a twin of equality in NULLIF
SELECT nullif(name, 'x') FROM customers

-- # a twin of equality in USING
SELECT count(*) FROM customers a JOIN customers b USING (name)

-- # a twin of equality in ANY
SELECT id FROM customers WHERE name = ANY (ARRAY['x'])

-- # an operator in ANY
SELECT id FROM customers WHERE name OPERATOR(public.===) ANY (ARRAY['x'])

-- # an operator in ORDER BY USING
SELECT id FROM customers ORDER BY name USING OPERATOR(public.===)

-- # operators of an extension
SELECT 'a'::citext = 'A'::citext

-- # operators that look alike
SELECT 1 <#!#> 2, 1 @-@ 2

-- # an operator and a comment together
SELECT 1 /*+*/ #!#/**/ 2

-- # text search
SELECT name @@ 'x' FROM customers

-- # a concatenation that casts rows
SELECT name || customers FROM customers

-- # containment of a row
SELECT to_jsonb(c) @> '{"ssn": "x"}' FROM customers c

-- # an operator of geometry that takes long
SELECT '((0,0),(1,1))'::box && '((0,0),(1,1))'::box

-- # a shift that is too far
SELECT 1 << 1000000, 1 >> -1

-- # a power that is too large
SELECT 10 ^ 400

-- # a factorial
SELECT 100000 !, factorial(100000)

-- # an operator that is cut short
SELECT 1 + OPERATOR(pg_catalog.

-- # an operator named by strings
SELECT 1 OPERATOR("public"."#!#") 2
