-- # read one
SELECT lo_get(424242)

-- # open one
SELECT loread(lo_open(424242, 262144), 100)

-- # make one
SELECT lo_create(424243)

-- # make one of bytes
SELECT lo_from_bytea(0, 'zq7')

-- # import a file
SELECT lo_import('/etc/passwd')

-- # export to a file
SELECT lo_export(424242, '/tmp/zq7-lo')

-- # change one
SELECT lo_put(424242, 0, 'zq7')

-- # remove one
SELECT lo_unlink(424242)
