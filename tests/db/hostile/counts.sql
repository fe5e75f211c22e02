-- # rows of a table of counts
SELECT team, count(*) FROM reviews GROUP BY team

-- # a condition on it
SELECT count(*) FROM reviews WHERE grade > 3

-- # a join with it
SELECT count(*) FROM base, reviews

-- # exists
SELECT 1 WHERE EXISTS (SELECT FROM reviews WHERE words LIKE 'zq7%')
