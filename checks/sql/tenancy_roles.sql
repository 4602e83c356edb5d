-- Every role that a principal is or can become, with what exempts that role from row-level security. From version 16 a
-- membership says whether it can be inherited or set; who may administer a role can grant it to itself.
-- Reads pg_roles, pg_auth_members, pg_class, pg_attribute; needs CONNECT.
SELECT p.rolname AS principal,
       r.rolname AS role,
       r.rolsuper AS superuser,
       r.rolbypassrls AS bypasses,
       r.rolreplication AS replicates,
       r.rolcreaterole AND current_setting('server_version_num')::int < 160000 AS grants_any_role,
       ARRAY(SELECT n.nspname || '.' || c.relname
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')
               AND EXISTS (SELECT FROM pg_attribute a
                           WHERE a.attrelid = c.oid AND a.attname = %(key)s AND a.attnum > 0 AND NOT a.attisdropped)
             ORDER BY 1) AS owns
FROM pg_roles p
     JOIN pg_roles r
       ON r.oid = p.oid
       OR CASE WHEN current_setting('server_version_num')::int >= 160000
               THEN pg_has_role(p.oid, r.oid, 'SET') OR pg_has_role(p.oid, r.oid, 'USAGE')
               ELSE pg_has_role(p.oid, r.oid, 'MEMBER') END
       OR pg_has_role(p.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
WHERE p.rolname = ANY (%(principals)s::text[])
ORDER BY 1, 2
