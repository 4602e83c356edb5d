-- Every policy, its two expressions as text, and the principals it applies to. With an empty search path but for
-- pg_catalog, a function or operator that is not PostgreSQL's own is printed with its schema; `own_objects` says
-- whether the policy depends on any such thing, however it is printed (built-in ones are pinned and never recorded).
-- Reads pg_policy, pg_depend, pg_class, pg_namespace, pg_roles; needs CONNECT.
SELECT n.nspname AS schema,
       c.relname AS "table",
       p.polname AS name,
       p.polpermissive AS permissive,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                     WHEN '*' THEN 'ALL' END AS command,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY (%(principals)s::text[])
               AND EXISTS (SELECT FROM unnest(p.polroles) AS to_role
                           WHERE to_role = 0 OR pg_has_role(r.oid, to_role, 'USAGE'))
             ORDER BY 1) AS applies_to,
       pg_get_expr(p.polqual, p.polrelid) AS using_text,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check_text,
       EXISTS (SELECT FROM pg_depend d
               WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                 AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass,
                                      'pg_collation'::regclass)) AS own_objects
FROM pg_policy p
     JOIN pg_class c ON c.oid = p.polrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2, 3
