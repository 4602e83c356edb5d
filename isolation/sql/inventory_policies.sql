-- Every policy: its stored node trees, their text, and the user-defined objects that it depends on (pg_depend does not
-- record built-in ones). Constants are redacted before anything is stored.
-- No text is printed of a policy of a table in `locked`, or of one that reads such a table: it would wait.
-- Reads pg_policy, pg_class, pg_depend; needs CONNECT.
WITH need AS (
    SELECT objid,
           array_agg(DISTINCT refobjid) FILTER (WHERE refclassid = 'pg_proc'::regclass) AS functions,
           array_agg(DISTINCT refobjid) FILTER (WHERE refclassid = 'pg_operator'::regclass) AS operators,
           array_agg(DISTINCT refobjid) FILTER (WHERE refclassid = 'pg_class'::regclass) AS relations,
           count(*) FILTER (WHERE refclassid NOT IN ('pg_proc'::regclass, 'pg_operator'::regclass,
                                                     'pg_class'::regclass)) AS other_dependencies
    FROM pg_depend
    WHERE classid = 'pg_policy'::regclass
    GROUP BY 1
)
SELECT p.oid,
       p.polrelid AS relation,
       p.polname AS name,
       p.polpermissive AS permissive,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                     ELSE 'ALL' END AS command,
       p.polroles AS roles,
       p.polqual::text AS using_tree,
       CASE WHEN seen.readable THEN pg_get_expr(p.polqual, p.polrelid) END AS using_text,
       p.polwithcheck::text AS check_tree,
       -- Both are usually equal, and pg_get_expr is the expensive part of this statement.
       CASE WHEN seen.readable AND p.polwithcheck::text IS DISTINCT FROM p.polqual::text
            THEN pg_get_expr(p.polwithcheck, p.polrelid) END AS check_text,
       coalesce(need.functions, '{}') AS functions,
       coalesce(need.operators, '{}') AS operators,
       array_remove(coalesce(need.relations, '{}'), p.polrelid) AS relations,
       coalesce(need.other_dependencies, 0)::int AS other_dependencies
FROM pg_policy p
     JOIN pg_class c ON c.oid = p.polrelid AND c.relpersistence <> 't'
     LEFT JOIN need ON need.objid = p.oid
     CROSS JOIN LATERAL (SELECT p.polrelid <> ALL (%(locked)s::oid[])
                                AND NOT coalesce(need.relations && %(locked)s::oid[], false) AS readable) AS seen
ORDER BY p.polrelid, p.polname
