-- The tables that are too large to be read completely for each tenant.
-- Reads pg_class; needs CONNECT. The number of rows is as of the last VACUUM or ANALYZE.
SELECT oid FROM pg_class WHERE relkind IN ('r', 'm', 'f') AND reltuples > 10000 AND oid >= 16384
