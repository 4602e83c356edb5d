-- Every relation that is not PostgreSQL's own: whether it has the tenant key, how row-level security stands on it, and
-- which of the principals reach it through any privilege of their own, of PUBLIC or of a role they inherit.
-- Reads pg_class, pg_attribute, pg_policy, pg_namespace, pg_roles; needs CONNECT, as catalogues are readable by all.
SELECT n.nspname AS schema,
       c.relname AS name,
       c.relkind::text AS kind,
       c.relispartition AS partition,
       EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = %(key)s AND a.attnum > 0 AND NOT a.attisdropped) AS keyed,
       c.relrowsecurity AS enabled,
       c.relforcerowsecurity AS forced,
       (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
       owner.rolsuper OR owner.rolbypassrls AS owner_exempt,
       coalesce((SELECT option_value::boolean FROM pg_options_to_table(c.reloptions)
                 WHERE option_name = 'security_invoker'), false) AS invoker,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY (%(principals)s::text[])
               AND has_schema_privilege(r.oid, n.oid, 'USAGE')
               AND (has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                    OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
             ORDER BY 1) AS reached_by,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY (%(principals)s::text[])
               AND has_schema_privilege(r.oid, n.oid, 'USAGE')
               AND has_any_column_privilege(r.oid, c.oid, 'SELECT')
             ORDER BY 1) AS read_by,
       ARRAY(SELECT acl.privilege_type FROM aclexplode(c.relacl) acl WHERE acl.grantee = 0
             UNION
             SELECT acl.privilege_type FROM pg_attribute a, aclexplode(a.attacl) acl
             WHERE a.attrelid = c.oid AND acl.grantee = 0
             ORDER BY 1) AS public_privileges
FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_roles owner ON owner.oid = c.relowner
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname !~ '^pg_(toast_)?temp_'
ORDER BY 1, 2
