-- Every user-defined role: why row-level security may not apply to it, and the roles that it becomes by SET ROLE alone.
SELECT r.rolname::text AS name,
       array_remove(ARRAY[
           CASE WHEN r.rolsuper THEN 'superuser' END,
           CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
           CASE WHEN r.rolreplication THEN 'REPLICATION' END,
           CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
           CASE WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                             WHERE c.relowner = r.oid AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                               AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
                THEN 'owns relations' END
       ], NULL) AS bypass_reasons,
       r.rolcanlogin AS login,
       ARRAY(SELECT m.rolname::text FROM pg_roles m
             WHERE r.rolcanlogin AND NOT r.rolsuper AND m.oid <> r.oid AND m.rolname !~ '^pg_'
               AND pg_has_role(r.oid, m.oid, 'MEMBER') AND NOT pg_has_role(r.oid, m.oid, 'USAGE')
             ORDER BY 1) AS becomes,
       r.rolname = current_user AS is_current_user
FROM pg_roles r
WHERE r.rolname !~ '^pg_'
ORDER BY 1
