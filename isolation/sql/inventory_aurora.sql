-- The version of Aurora; run only if the server has this function.
-- Reads nothing; needs CONNECT.
SELECT pg_catalog.aurora_version()::text AS value
