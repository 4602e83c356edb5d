-- The grants on system objects, languages and foreign data wrappers that were added after their installation; OWNER if
-- an object belongs to another role than the bootstrap superuser (OID 10).
-- Reads pg_class, pg_attribute, pg_proc, pg_namespace, pg_language, pg_foreign_data_wrapper, pg_type, pg_init_privs;
-- needs CONNECT.
WITH object AS (
    SELECT 'relation' AS kind, 'pg_class'::regclass AS class, c.oid, 0 AS part, n.nspname <> 'pg_toast' AS own,
           format('%%I.%%I', n.nspname, c.relname) AS name, c.relowner AS owner, c.relacl AS acl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS usual
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AND (c.relacl IS NOT NULL OR c.relowner <> 10)
      AND (c.oid < 16384 OR c.relkind NOT IN ('r', 'p', 'v', 'm', 'f', 'S'))
      AND (c.relacl IS NOT NULL OR n.nspname <> 'pg_toast')
    UNION ALL
    SELECT 'column', 'pg_class'::regclass, c.oid, a.attnum, false,
           format('%%I.%%I.%%I', n.nspname, c.relname, a.attname), c.relowner, a.attacl, acldefault('c', c.relowner)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND (c.oid < 16384 OR c.relkind NOT IN ('r', 'p', 'v', 'm', 'f', 'S'))
    UNION ALL
    SELECT 'function', 'pg_proc'::regclass, p.oid, 0, true,
           format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
           p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid < 16384 AND (p.proacl IS NOT NULL OR p.proowner <> 10)
    UNION ALL
    SELECT 'schema', 'pg_namespace'::regclass, n.oid, 0, true, n.nspname, n.nspowner, n.nspacl,
           acldefault('n', n.nspowner)
    FROM pg_namespace n
    WHERE n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast')
    UNION ALL
    SELECT 'language', 'pg_language'::regclass, l.oid, 0, false, l.lanname, l.lanowner, l.lanacl,
           acldefault('l', l.lanowner)
    FROM pg_language l WHERE l.lanacl IS NOT NULL
    UNION ALL
    SELECT 'foreign_data_wrapper', 'pg_foreign_data_wrapper'::regclass, f.oid, 0, false, f.fdwname, f.fdwowner,
           f.fdwacl, acldefault('F', f.fdwowner)
    FROM pg_foreign_data_wrapper f WHERE f.fdwacl IS NOT NULL
    UNION ALL
    SELECT 'type', 'pg_type'::regclass, t.oid, 0, true, format_type(t.oid, NULL), t.typowner, t.typacl,
           acldefault('T', t.typowner)
    FROM pg_type t WHERE t.oid < 16384 AND t.typacl IS NOT NULL
)
SELECT o.kind, o.name, a.grantee, a.privilege_type AS privilege
FROM object o
     LEFT JOIN (
         SELECT classoid, objoid, objsubid,
                -- Those of a built-in object that are younger than initdb were written by hand: none is initial.
                CASE WHEN objoid >= 16384 OR xmin::text::bigint
                          < least((SELECT xmin::text::bigint FROM pg_database WHERE datname = 'template0'), 760)
                     THEN initprivs END AS acl
         FROM pg_init_privs
     ) i ON i.classoid = o.class AND i.objoid = o.oid AND i.objsubid = o.part
     CROSS JOIN aclexplode(o.acl) a
WHERE a.grantee <> o.owner
  -- initdb creates these after it has recorded the initial privileges.
  AND NOT (a.grantee = 0 AND a.privilege_type IN ('SELECT', 'USAGE') AND o.name ~ '^information_schema(\.|$)')
  AND NOT EXISTS (SELECT FROM aclexplode(CASE WHEN i.objoid IS NULL THEN o.usual ELSE i.acl END) b
                  WHERE b.grantee = a.grantee AND b.privilege_type = a.privilege_type)
UNION
SELECT o.kind, o.name, o.owner, 'OWNER' FROM object o WHERE o.own AND o.owner <> 10
ORDER BY 1, 2, 3, 4
