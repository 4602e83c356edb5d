-- Every table outside of extensions, with the number of its rows by the statistics, and whether its file is empty.
-- Reads pg_class, pg_depend: every role may.
SELECT n.nspname AS schema, c.relname AS name, c.reltuples::float8 AS estimate, CASE
    WHEN pg_relation_size(c.oid) = 0 THEN true ELSE false END AS empty
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e') ORDER BY 1, 2
