-- The triggers of the given tables (as schema.name) that fire on UPDATE, DELETE or TRUNCATE, each with its function.
-- Bits of tgtype are those of the server's pg_trigger.h: 8 DELETE, 16 UPDATE, 32 TRUNCATE.
-- Reads pg_trigger, pg_proc, pg_language, pg_roles; needs CONNECT.
SELECT n.nspname || '.' || c.relname AS "table",
       t.tgname AS name,
       t.tgenabled::text AS fires,
       ARRAY(SELECT event FROM (VALUES (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) AS events (bit, event)
             WHERE t.tgtype & bit <> 0 ORDER BY 1) AS events,
       t.tgqual IS NOT NULL OR cardinality(t.tgattr::int2[]) > 0 AS conditional,
       f.proname AS function,
       l.lanname AS language,
       f.prosrc AS body,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY (%(principals)s::text[]) AND pg_has_role(r.oid, f.proowner, 'MEMBER')
             ORDER BY 1) AS rewritten_by
FROM pg_trigger t
     JOIN pg_class c ON c.oid = t.tgrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_proc f ON f.oid = t.tgfoid
     JOIN pg_language l ON l.oid = f.prolang
WHERE NOT t.tgisinternal
  AND t.tgtype & 56 <> 0
  AND n.nspname || '.' || c.relname = ANY (%(tables)s::text[])
ORDER BY 1, 2
