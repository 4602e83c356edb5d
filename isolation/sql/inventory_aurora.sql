-- Aurora's own version; asked only where the server has this function.
-- Reads nothing; needs CONNECT.
SELECT pg_catalog.aurora_version()::text AS value
