-- The stored objects that call a user-defined function, other than policies, triggers and views: nobody needs USAGE on the
-- schema of the function to run it through them. `relation` is the table of a default, constraint or index, otherwise 0;
-- `caller` is the function whose parsed body, arguments or aggregate call it, otherwise 0. Operators of one's own that call
-- PostgreSQL's functions are among them.
-- Reads pg_depend, pg_attrdef, pg_constraint, pg_index, pg_class, pg_operator; needs CONNECT.
SELECT d.refobjid AS function,
       CASE d.classid WHEN 'pg_attrdef'::regclass THEN 'default' WHEN 'pg_constraint'::regclass THEN 'constraint'
                      WHEN 'pg_class'::regclass THEN 'index' WHEN 'pg_operator'::regclass THEN 'operator'
                      WHEN 'pg_cast'::regclass THEN 'cast' WHEN 'pg_proc'::regclass THEN 'function'
                      ELSE 'type' END AS kind,
       coalesce(t.adrelid, k.conrelid, i.indrelid, r.oid, 0) AS relation,
       CASE WHEN d.classid = 'pg_proc'::regclass THEN d.objid ELSE 0 END AS caller,
       pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend d
     LEFT JOIN pg_attrdef t ON d.classid = 'pg_attrdef'::regclass AND t.oid = d.objid
     LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
     LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
     LEFT JOIN pg_class r ON d.classid = 'pg_class'::regclass AND r.oid = d.objid AND r.relkind = 'p'
     LEFT JOIN pg_class c ON c.oid = coalesce(t.adrelid, k.conrelid, i.indrelid, r.oid)
WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
  AND d.classid = ANY (ARRAY['pg_attrdef', 'pg_constraint', 'pg_class', 'pg_operator', 'pg_cast', 'pg_proc', 'pg_type',
                             'pg_opclass', 'pg_opfamily', 'pg_amop', 'pg_amproc', 'pg_range']::regclass[])
  AND c.relpersistence IS DISTINCT FROM 't'
  AND NOT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                  WHERE p.oid = d.refobjid AND n.nspname ~ '^pg_temp')
  AND NOT EXISTS (SELECT FROM pg_depend e
                  WHERE e.classid = 'pg_proc'::regclass AND e.objid = d.refobjid AND e.deptype = 'e')
UNION ALL
SELECT o.oprcode, 'operator', 0, 0, pg_describe_object('pg_operator'::regclass, o.oid, 0) FROM pg_operator o
WHERE o.oid >= 16384 AND o.oprcode < 16384
  AND NOT EXISTS (SELECT FROM pg_depend e
                  WHERE e.classid = 'pg_operator'::regclass AND e.objid = o.oid AND e.deptype = 'e')
ORDER BY 1, 2, 3, 4, 5
