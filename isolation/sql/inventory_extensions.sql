-- Every installed extension.
-- Reads pg_extension, pg_namespace; needs CONNECT.
SELECT e.extname AS name,
       e.extversion AS version,
       n.nspname AS schema,
       e.extowner AS owner,
       'sha256:' || encode(sha256(convert_to(e.extname || ' ' || n.nspname, 'UTF8')), 'hex') AS digest
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
ORDER BY e.extname
