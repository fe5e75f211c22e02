-- # a column whose type has casts of its own
SELECT mood FROM customers

-- # cast to text by code
SELECT mood::text FROM customers

-- # cast to text by its long name
SELECT CAST(mood AS varchar(10)) FROM customers

-- # to JSON by code
SELECT to_jsonb(mood) FROM customers

-- # to the other JSON by code
SELECT to_json(mood) FROM customers

-- # an aggregate of JSON
SELECT jsonb_agg(mood), json_agg(mood) FROM customers

-- # an aggregate of objects
SELECT jsonb_object_agg(id, mood) FROM customers

-- # a row as JSON
SELECT row_to_json(c) FROM customers c

-- # a row as the other JSON
SELECT to_jsonb(c) FROM customers c

-- # an object of JSON
SELECT jsonb_build_object('mood', mood) FROM customers

-- # an array as JSON
SELECT array_to_json(array_agg(mood)) FROM customers

-- # joined to a text
SELECT mood || '' FROM customers

-- # joined by a function
SELECT concat(mood, 'x'), concat_ws(' ', mood) FROM customers

-- # an argument of a function for texts
SELECT length(mood), upper(mood) FROM customers

-- # a comparison with a text column
SELECT id FROM customers WHERE mood = name

-- # a comparison with a literal
SELECT id FROM customers WHERE mood = 'cross'

-- # a comparison by LIKE
SELECT id FROM customers WHERE mood LIKE 'c%'

-- # an order
SELECT id FROM customers ORDER BY mood, id

-- # groups
SELECT mood, count(*) FROM customers GROUP BY mood

-- # the least
SELECT min(mood), max(mood) FROM customers

-- # in a union with texts
SELECT mood FROM customers UNION SELECT name FROM customers

-- # in a CASE with texts
SELECT CASE WHEN id > 0 THEN mood ELSE name END FROM customers

-- # in COALESCE with texts
SELECT coalesce(mood, name) FROM customers

-- # an aggregate of texts
SELECT string_agg(mood, ',') FROM customers

-- # an array of texts
SELECT ARRAY[mood, name] FROM customers

-- # quoted
SELECT quote_literal(mood) FROM customers

-- # in a list
SELECT id FROM customers WHERE mood IN ('calm', name)

-- # in the bounds of a window
SELECT first_value(mood) OVER (ORDER BY mood), count(*) OVER (PARTITION BY mood) FROM customers

-- # with USING against a text
SELECT count(*) FROM customers JOIN (SELECT 'calm' AS mood) v USING (mood)

-- # with USING against a text that is one
SELECT count(*) FROM customers JOIN (SELECT 'calm'::text AS mood) v USING (mood)

-- # a distinct value
SELECT DISTINCT mood FROM customers

-- # unnested
SELECT unnest(array_agg(mood)) FROM customers
