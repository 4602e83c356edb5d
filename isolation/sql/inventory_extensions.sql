-- Every installed extension.
-- Reads pg_extension, pg_namespace; needs CONNECT.
SELECT e.extname AS name,
       e.extversion AS version,
       n.nspname AS schema,
       e.extowner AS owner
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
ORDER BY e.extname
