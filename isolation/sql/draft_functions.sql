-- Every user-defined function that is no extension's, by schema.name, with its body.
SELECT n.nspname || '.' || f.proname AS name, string_agg(coalesce(pg_get_function_sqlbody(f.oid), f.prosrc), ' ') AS body
FROM pg_proc f
JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE f.oid >= 16384 AND f.prokind = 'f' AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
GROUP BY 1
ORDER BY 1
