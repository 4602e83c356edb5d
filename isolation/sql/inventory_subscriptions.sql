-- Every subscription of this database; its connection string is not read.
-- Reads pg_subscription (but subconninfo); needs CONNECT.
SELECT s.subname AS name,
       s.subowner AS owner,
       s.subenabled AS enabled
FROM pg_subscription s
WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY s.subname
