-- The catalogue rows of the operators, functions and types that the proof relies on, by OID.
-- Reads pg_operator, pg_proc, pg_type; needs CONNECT.
SELECT 'operator' AS kind, o.oid, o.oprname AS name, n.nspname AS schema, o.oprcode::oid::text AS code
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid = ANY (%(operator)s::text[]::oid[])
UNION ALL
SELECT 'function', p.oid, p.proname, n.nspname, p.prosrc
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid = ANY (%(function)s::text[]::oid[])
   OR p.oid IN (SELECT oprcode FROM pg_operator WHERE oid = ANY (%(operator)s::text[]::oid[]))
UNION ALL
SELECT 'type', t.oid, t.typname, n.nspname, t.typinput::oid::text || ',' || t.typoutput::oid::text
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid = ANY (%(type)s::text[]::oid[])
ORDER BY 1, 2
