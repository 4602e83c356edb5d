-- Every policy: its command, its expressions, the functions that it calls, the columns of its own table, and the other
-- relations that it names.
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       p.polcmd::text AS command,
       ARRAY(SELECT text FROM unnest(ARRAY[pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)])
                 AS text WHERE text IS NOT NULL) AS expressions,
       ARRAY(SELECT DISTINCT fn.nspname || '.' || f.proname
             FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid JOIN pg_namespace fn ON fn.oid = f.pronamespace
             WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
               AND d.refclassid = 'pg_proc'::regclass ORDER BY 1) AS functions,
       ARRAY(SELECT DISTINCT a.attname::text
             FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.polrelid AND d.refobjsubid > 0) AS columns,
       ARRAY(SELECT DISTINCT ns.nspname || '.' || r.relname
             FROM pg_depend d JOIN pg_class r ON r.oid = d.refobjid JOIN pg_namespace ns ON ns.oid = r.relnamespace
             WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> p.polrelid ORDER BY 1) AS other_relations
FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2, p.polname
