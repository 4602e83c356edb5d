-- Every permanent trigger except internal ones.
-- Reads pg_trigger, pg_class; needs CONNECT.
SELECT t.oid,
       t.tgrelid AS relation,
       t.tgname AS name,
       t.tgfoid AS function,
       t.tgtype::int AS type,
       t.tgenabled::text AS enabled,
       t.tgqual IS NOT NULL AS has_when,
       t.tgattr::int2[] AS columns
FROM pg_trigger t
     JOIN pg_class c ON c.oid = t.tgrelid AND c.relpersistence <> 't'
-- Before version 15 the copy of a trigger on a partition is marked as internal.
WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)
ORDER BY t.tgrelid, t.tgname
