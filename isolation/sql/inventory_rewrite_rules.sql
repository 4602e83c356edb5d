-- Every rewrite rule except those of views (_RETURN), with the relations and functions that its action names.
-- Reads pg_rewrite, pg_depend; needs CONNECT.
SELECT w.ev_class AS relation,
       w.rulename AS name,
       CASE w.ev_type WHEN '1' THEN 'SELECT' WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' ELSE 'DELETE' END AS event,
       w.is_instead AS instead,
       w.ev_enabled::text AS enabled,
       ARRAY(SELECT DISTINCT d.refobjid FROM pg_depend d
             WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid <> w.ev_class ORDER BY 1) AS referenced_relations,
       ARRAY(SELECT DISTINCT d.refobjid FROM pg_depend d
             WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_proc'::regclass
             ORDER BY 1) AS referenced_functions
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE w.ev_type <> '1'
  AND c.oid >= 16384 AND n.nspname <> 'pg_toast' AND n.nspname !~ '^pg_(toast_)?temp_'
ORDER BY w.ev_class, w.rulename
