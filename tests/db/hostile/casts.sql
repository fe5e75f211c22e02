-- # a cast that calls code
SELECT 'x'::secret_t

-- # a cast that calls code, qualified
SELECT CAST(name AS public.secret_t) FROM customers

-- # a cast to a domain that checks by code
SELECT name::leak_domain FROM customers

-- # an array of that domain
SELECT ARRAY[name]::public.leak_domain[] FROM customers

-- # a literal of that type
SELECT secret_t 'x'

-- # a literal of a domain
SELECT public.leak_domain 'x'

-- # a function that is a cast
SELECT to_secret(name) FROM customers

-- # the type as a function
SELECT secret_t(name) FROM customers

-- # a relation by its name
SELECT 'payroll'::regclass

-- # a relation by its number
SELECT 1259::regclass::text

-- # a procedure
SELECT 'leak'::regproc

-- # a procedure with arguments
SELECT 'public.leak(text)'::regprocedure::oid

-- # a role
SELECT 'boss'::regrole

-- # a namespace
SELECT 'evil'::regnamespace

-- # an operator
SELECT '#!#'::regoper, '=(text,text)'::regoperator

-- # a type
SELECT 'secret_t'::regtype

-- # a configuration and a dictionary of text search
SELECT 'english'::regconfig, 'simple'::regdictionary

-- # a collation
SELECT '"C"'::regcollation

-- # existence by an error of a cast
SELECT CASE WHEN id = 1 THEN 'payroll'::text::regclass::text END FROM customers

-- # a row type
SELECT '(1,2)'::payroll

-- # a row type as null
SELECT NULL::payroll

-- # a composite column as text
SELECT home::text FROM customers

-- # a masked column to a type that tells its value by the error
SELECT email::integer FROM customers

-- # a masked column to a date
SELECT phone::date FROM customers

-- # a hashed column to a number
SELECT tax_id::numeric FROM customers

-- # a plain column to a number
SELECT name::integer FROM customers

-- # a rule's column by an error
SELECT (tenant)::integer FROM customers

-- # money by the locale
SELECT '1'::money

-- # xml by a cast
SELECT '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'::xml

-- # xml by a function
SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')

-- # a cursor by a cast
SELECT 'c'::refcursor

-- # acl
SELECT 'boss=r/boss'::aclitem

-- # internal types
SELECT 1::xid, 1::cid, '(0,1)'::tid, '0/0'::pg_lsn, 1::oid

-- # a cast within a cast
SELECT (('payroll'::text)::regclass)::oid::text

-- # a cast with a typmod function
SELECT 'x'::public.citext

-- # a cast by a type with a weird name
SELECT 'x'::"pg_catalog"."regclass"

-- # try a type that does not exist
SELECT 'x'::only_a_has_this

-- # an enum by a wrong value, which the database would repeat
SELECT 'zq7'::tier

-- # an enum by casting it
SELECT tier::text::tier FROM customers LIMIT 1
