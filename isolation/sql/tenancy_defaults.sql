-- The columns that an INSERT fills by a default with effects that no rollback undoes: an identity column, or one whose
-- default, or that of its domain, calls a volatile function other than a source of random values or of the time.
-- Reads pg_attribute, pg_attrdef, pg_type, pg_proc; needs CONNECT.
WITH called AS (
    SELECT d.adrelid, d.adnum, 0::oid AS type, d.adbin::text AS tree FROM pg_attrdef d WHERE d.adrelid >= 16384
    UNION ALL
    SELECT 0, 0, t.oid, t.typdefaultbin::text FROM pg_type t WHERE t.typtype = 'd' AND t.typdefaultbin IS NOT NULL
), volatile AS (
    SELECT DISTINCT c.adrelid, c.adnum, c.type
    FROM called c CROSS JOIN regexp_matches(c.tree, ':(?:op)?funcid (\d+)', 'g') AS found(id)
         JOIN pg_proc f ON f.oid = found.id[1]::oid
    WHERE f.oid >= 16384
       OR f.provolatile = 'v' AND f.proname <> ALL (ARRAY[
              'random', 'random_normal', 'clock_timestamp', 'timeofday', 'gen_random_uuid', 'uuidv4', 'uuidv7'])
)
SELECT a.attrelid AS relation,
       a.attname AS name,
       a.attidentity = 'a' AS always
FROM pg_attribute a
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  AND (a.attidentity <> ''
       OR EXISTS (SELECT FROM volatile v WHERE v.adrelid = a.attrelid AND v.adnum = a.attnum AND a.attgenerated = '')
       OR NOT a.atthasdef AND EXISTS (SELECT FROM volatile v WHERE v.type = a.atttypid))
ORDER BY 1, a.attnum
