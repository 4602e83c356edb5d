-- Every trigger that would fire if a principal ran INSERT, UPDATE or DELETE on a relation, here or in a part of it, and
-- that the principal has the privilege to make fire: without it, PostgreSQL refuses the statement before any trigger.
-- Reads pg_trigger, pg_class, pg_namespace, pg_roles, pg_inherits; needs CONNECT, as catalogues are readable by all.
SELECT DISTINCT n.nspname AS schema,
       c.relname AS name,
       r.rolname AS principal,
       command.name AS command,
       t.tgname AS trigger
FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     -- The bits of pg_trigger.tgtype: TRIGGER_TYPE_INSERT, _DELETE and _UPDATE of PostgreSQL's catalog/pg_trigger.h.
     CROSS JOIN (VALUES ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16)) AS command (name, bit)
     JOIN pg_roles r ON r.rolname = ANY (%(principals)s::text[])
     JOIN pg_trigger t ON t.tgrelid = c.oid
                       OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid))
                       OR t.tgrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)
WHERE NOT t.tgisinternal
  AND t.tgenabled IN ('O', 'A')
  AND t.tgtype::int & command.bit <> 0
  AND has_schema_privilege(r.oid, n.oid, 'USAGE')
  AND CASE command.name
          WHEN 'DELETE' THEN has_table_privilege(r.oid, c.oid, 'DELETE')
          ELSE has_any_column_privilege(r.oid, c.oid, command.name)
      END
ORDER BY 1, 2, 3, 4, 5
