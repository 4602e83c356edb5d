-- The schemas that publications include with all tables; since version 15.
-- Reads pg_publication_namespace, pg_publication, pg_namespace; needs CONNECT.
SELECT p.pubname AS publication, n.nspname AS schema
FROM pg_publication_namespace x JOIN pg_publication p ON p.oid = x.pnpubid JOIN pg_namespace n ON n.oid = x.pnnspid
ORDER BY 1, 2
