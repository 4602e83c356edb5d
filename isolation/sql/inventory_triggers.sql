-- Every permanent trigger except internal ones. `source` is the source of a built-in function; `extra` is a digest of
-- the arguments and the WHEN condition, or empty.
-- Reads pg_trigger, pg_class, pg_proc, pg_namespace; needs CONNECT.
SELECT t.oid,
       t.tgrelid AS relation,
       t.tgname AS name,
       t.tgfoid AS function,
       t.tgtype::int AS type,
       t.tgenabled::text AS enabled,
       t.tgqual IS NOT NULL AS has_when,
       t.tgattr::int2[] AS columns,
       CASE WHEN n.nspname = 'pg_catalog' THEN f.prosrc ELSE '' END AS source,
       CASE WHEN t.tgnargs > 0 OR t.tgqual IS NOT NULL THEN
           encode(sha256(t.tgargs || convert_to(coalesce(regexp_replace(
               t.tgqual::text, ' :(\w*_)?location -?\d+| :list_(start|end) -?\d+', '', 'g'), ''), 'UTF8')), 'hex')
       ELSE '' END AS extra
FROM pg_trigger t
     JOIN pg_class c ON c.oid = t.tgrelid AND c.relpersistence <> 't'
     JOIN pg_proc f ON f.oid = t.tgfoid
     JOIN pg_namespace n ON n.oid = f.pronamespace
-- Before version 15 the copy of a trigger on a partition is marked as internal.
WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)
ORDER BY t.tgrelid, t.tgname
