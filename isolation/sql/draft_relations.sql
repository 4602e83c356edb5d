-- Every user-defined relation, with the roles that act for tenants there: they have access and are subject to row-level
-- security, and log in or are what a login role becomes that does not inherit from them.
WITH acting AS (
    SELECT r.oid, r.rolname FROM pg_roles r
    WHERE NOT r.rolsuper AND NOT r.rolbypassrls AND r.rolname !~ '^pg_'
      AND (r.rolcanlogin
           OR EXISTS (SELECT FROM pg_roles l
                      WHERE l.rolcanlogin AND NOT l.rolsuper AND l.rolname <> current_user
                        AND pg_has_role(l.oid, r.oid, 'MEMBER') AND NOT pg_has_role(l.oid, r.oid, 'USAGE')))
)
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       o.rolname::text AS owner,
       c.relrowsecurity AS rls_enabled,
       c.relforcerowsecurity AS rls_forced,
       c.relispartition OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS inherits,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
       ARRAY(SELECT format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL)
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS types,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull
             ORDER BY a.attnum) AS nullable,
       ARRAY(SELECT r.rolname::text FROM acting r
             WHERE r.oid <> c.relowner
               AND has_schema_privilege(r.oid, n.oid, 'USAGE')
               AND (has_table_privilege(r.oid, c.oid, 'SELECT') OR has_any_column_privilege(r.oid, c.oid, 'SELECT'))
             ORDER BY 1) AS read_by,
       ARRAY(SELECT r.rolname::text FROM acting r
             WHERE r.oid <> c.relowner
               AND has_schema_privilege(r.oid, n.oid, 'USAGE')
               AND (has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                    OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE'))
             ORDER BY 1) AS written_by
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_roles o ON o.oid = c.relowner
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
