-- # an entity of a file
SELECT xpath('/a', '<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><a>&b;</a>')

-- # XML of a table
SELECT schema_to_xml('public', true, true, '')

-- # elements of XML
SELECT xmlelement(NAME a, ssn) FROM customers

-- # an aggregate of XML
SELECT xmlagg(xmlelement(NAME a, name)) FROM customers

-- # a record out of JSON
SELECT * FROM jsonb_to_recordset('[{"a": 1}]') AS t(a secret_t)

-- # a record out of JSON into a domain
SELECT * FROM json_to_record('{"a": "x"}') AS t(a leak_domain)

-- # a row out of JSON
SELECT * FROM jsonb_populate_recordset(NULL::payroll, '[{"id": 1}]')

-- # an object of a row's columns
SELECT json_build_object('a', c) FROM customers c

-- # an aggregate of an object with a hidden key
SELECT jsonb_object_agg(ssn, id) FROM customers

-- # a path that calls
SELECT jsonb_path_exists(profile, '$.a ? (@ like_regex "(a*)*b")') FROM customers

-- # constructors of the standard
SELECT JSON_OBJECT('a': ssn) FROM customers

-- # a query of the standard
SELECT JSON_QUERY(to_jsonb(c), '$.ssn') FROM customers c

-- # a value of the standard
SELECT JSON_VALUE(row_to_json(c)::jsonb, '$.ssn') FROM customers c

-- # a JSON that is set too deep
SELECT jsonb_set(profile, array_fill('a'::text, ARRAY[100000]), '1') FROM customers

-- # a JSON strip
SELECT json_strip_nulls(row_to_json(customers)) FROM customers
