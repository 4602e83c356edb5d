-- The tables that are so large that reading one from end to end, tenant by tenant, would be a burden.
-- Reads pg_class; needs CONNECT. The number of rows is as of the last VACUUM or ANALYZE.
SELECT oid FROM pg_class WHERE relkind IN ('r', 'm', 'f') AND reltuples > 10000 AND oid >= 16384
