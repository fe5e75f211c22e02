-- # a column of a type of its own
SELECT mood FROM moods

-- # cast to text
SELECT mood::text FROM moods

-- # cast to text by its long name
SELECT CAST(mood AS varchar(10)) FROM moods

-- # to JSON
SELECT to_jsonb(mood) FROM moods

-- # to the other JSON
SELECT to_json(mood) FROM moods

-- # an aggregate of JSON
SELECT jsonb_agg(mood), json_agg(mood) FROM moods

-- # an aggregate of objects
SELECT jsonb_object_agg(id, mood) FROM moods

-- # a row as JSON
SELECT row_to_json(m) FROM moods m

-- # a row as the other JSON
SELECT to_jsonb(c) FROM moods c

-- # an object of JSON
SELECT jsonb_build_object('mood', mood) FROM moods

-- # an array as JSON
SELECT array_to_json(array_agg(mood)) FROM moods

-- # joined to a text
SELECT mood || '' FROM moods

-- # joined by a function
SELECT concat(mood, 'x'), concat_ws(' ', mood) FROM moods

-- # an argument of a function for texts
SELECT length(mood), upper(mood) FROM moods

-- # a comparison with a text column
SELECT id FROM moods WHERE mood = name

-- # a comparison with a literal
SELECT id FROM moods WHERE mood = 'cross'

-- # a comparison by LIKE
SELECT id FROM moods WHERE mood LIKE 'c%'

-- # an order
SELECT id FROM moods ORDER BY mood, id

-- # groups
SELECT mood, count(*) FROM moods GROUP BY mood

-- # the least
SELECT min(mood), max(mood) FROM moods

-- # in a union with texts
SELECT mood FROM moods UNION SELECT name FROM moods

-- # in a CASE with texts
SELECT CASE WHEN id > 0 THEN mood ELSE name END FROM moods

-- # in COALESCE with texts
SELECT coalesce(mood, name) FROM moods

-- # an aggregate of texts
SELECT string_agg(mood, ',') FROM moods

-- # an array of texts
SELECT ARRAY[mood, name] FROM moods

-- # quoted
SELECT quote_literal(mood) FROM moods

-- # in a list
SELECT id FROM moods WHERE mood IN ('calm', name)

-- # in the bounds of a window
SELECT first_value(mood) OVER (ORDER BY mood), count(*) OVER (PARTITION BY mood) FROM moods

-- # with USING against a text
SELECT count(*) FROM moods JOIN (SELECT 'calm' AS mood) v USING (mood)

-- # with USING against a text that is one
SELECT count(*) FROM moods JOIN (SELECT 'calm'::text AS mood) v USING (mood)

-- # a distinct value
SELECT DISTINCT mood FROM moods

-- # unnested
SELECT unnest(array_agg(mood)) FROM moods
