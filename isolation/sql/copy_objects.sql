-- Every object of a database outside of extensions, with a digest of its definition. Those that are `exact` are written
-- in other words by other major versions; NOT NULL, a constraint of its own since version 18, is told of the columns.
-- Reads pg_class, pg_attribute, pg_policy, pg_trigger, pg_constraint, pg_proc, pg_depend, pg_roles: every role may.
SELECT kind, name, exact, md5(definition) AS digest FROM (
  SELECT 'table' AS kind, format('%%s.%%s', n.nspname, c.relname) AS name, false AS exact,
    (SELECT string_agg(format('%%s %%s %%s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ','
       ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
     AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'row security of', format('%%s.%%s', n.nspname, c.relname), false,
    format('%%s %%s', c.relrowsecurity, c.relforcerowsecurity)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'sequence' END,
    format('%%s.%%s', n.nspname, c.relname), true, CASE c.relkind WHEN 'S' THEN '' ELSE pg_get_viewdef(c.oid) END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'policy', format('%%s on %%s.%%s', p.polname, n.nspname, c.relname), true, format('%%s %%s %%s %%s %%s', p.polcmd,
    p.polpermissive, (SELECT string_agg(r.rolname, ',' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)),
   
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'trigger', format('%%s on %%s.%%s', t.tgname, n.nspname, c.relname), true,
    format('%%s %%s', t.tgenabled, pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'constraint', format('%%s on %%s.%%s', o.conname, n.nspname, c.relname), true, pg_get_constraintdef(o.oid)
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE o.contype <> 'n' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'index', format('%%s.%%s', n.nspname, c.relname), true, pg_get_indexdef(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('i', 'I') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass AND e.deptype = 'e')
  UNION ALL
  SELECT 'function', format('%%s.%%s(%%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)), true,
    format('%%s %%s %%s %%s %%s', f.prosecdef, f.provolatile, f.proconfig, f.prosrc, pg_get_function_result(f.oid))
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE f.prokind IN ('f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = f.oid AND e.classid = 'pg_proc'::regclass AND e.deptype = 'e')
) AS objects ORDER BY kind, name
