-- What a digest covers of the types, operators, casts and collations that an object uses, of its schema, and of the role
-- whose rights it has. Names, never OIDs. Reads pg_type, pg_constraint, pg_enum, pg_range, pg_operator, pg_cast,
-- pg_collation, pg_opclass, pg_amop, pg_amproc, pg_namespace, pg_roles, pg_auth_members, pg_depend; needs CONNECT.
WITH RECURSIVE edge AS (
    SELECT d.classid, d.objid,
           array_agg(DISTINCT CASE d.refclassid WHEN 'pg_proc'::regclass THEN 'function'
                                                WHEN 'pg_class'::regclass THEN 'relation'
                                                WHEN 'pg_type'::regclass THEN 'type'
                                                WHEN 'pg_operator'::regclass THEN 'operator'
                                                ELSE 'collation' END || ' ' || d.refobjid) AS refs
    FROM pg_depend d
    WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
      AND d.classid IN ('pg_type'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass, 'pg_constraint'::regclass)
      AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass,
                           'pg_collation'::regclass)
    GROUP BY 1, 2
), owner AS (
    SELECT proowner AS oid FROM pg_proc WHERE prosecdef AND oid >= 16384
    UNION SELECT relowner FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
), inherited AS (
    SELECT oid AS owner, oid AS role FROM owner
    UNION
    SELECT i.owner, m.roleid FROM inherited i JOIN pg_auth_members m ON m.member = i.role JOIN pg_roles r ON r.oid = m.member
    WHERE coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)
), checked AS (
    SELECT k.contypid AS oid, jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname COLLATE "C") AS checks,
           array_agg(DISTINCT ref) FILTER (WHERE ref IS NOT NULL) AS refs
    FROM pg_constraint k
         LEFT JOIN edge ON edge.classid = 'pg_constraint'::regclass AND edge.objid = k.oid
         LEFT JOIN LATERAL unnest(edge.refs) AS ref ON true
    WHERE k.contypid <> 0 AND k.contype = 'c'
    GROUP BY 1
), member AS (
    SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
), class AS (
    -- What sorting and comparing use, of those that no extension brought.
    SELECT c.oid, c.opcintype AS type, c.opcdefault,
           format('operator class %%I.%%I for %%s', n.nspname, c.opcname, m.amname) AS name,
           jsonb_build_array(
               c.opcdefault, format_type(c.opcintype, NULL),
               (SELECT jsonb_agg(one ORDER BY one COLLATE "C")
                FROM (SELECT a.amopstrategy || ' ' || a.amopopr::regoperator FROM pg_amop a
                      WHERE a.amopfamily = c.opcfamily
                      UNION ALL
                      SELECT f.amprocnum || ' ' || f.amproc::regprocedure FROM pg_amproc f
                      WHERE f.amprocfamily = c.opcfamily) AS entry (one)))::text AS text,
           ARRAY(SELECT 'operator ' || a.amopopr FROM pg_amop a WHERE a.amopfamily = c.opcfamily AND a.amopopr >= 16384
                 UNION
                 SELECT 'function ' || f.amproc::oid FROM pg_amproc f
                 WHERE f.amprocfamily = c.opcfamily AND f.amproc >= 16384) AS refs
    FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
    WHERE c.oid >= 16384
      AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_opclass'::regclass AND objid = c.oid)
), sorted AS (
    SELECT type, array_agg('operator class ' || oid) AS refs FROM class WHERE opcdefault GROUP BY 1
), converted AS (
    -- Types of one's own to which values of common types are converted.
    SELECT casttarget AS type FROM pg_cast WHERE castcontext = 'i' AND castsource < 16384
    UNION SELECT oid FROM pg_type WHERE typtype = 'd'
), reached AS (
    -- What leads to a value of a type.
    SELECT t.oid AS type, key
    FROM pg_type t, unnest(ARRAY['type ' || t.oid, 'type ' || nullif(t.typelem, 0), 'relation ' || nullif(t.typrelid, 0)]) AS key
    WHERE t.oid >= 16384 AND key IS NOT NULL
), own (key, bare, schema, name, text, refs, given, compiled) AS (
    SELECT 'type ' || t.oid, t.typname, n.nspname, 'type ' || format_type(t.oid, NULL),
           jsonb_build_array(t.typtype, t.typnotnull, CASE WHEN t.typbasetype <> 0
                                                           THEN format_type(t.typbasetype, t.typtypmod) END,
                             t.typdefault, checked.checks, t.typinput::regproc::text, t.typoutput::regproc::text,
                             (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
                              WHERE e.enumtypid = t.oid),
                             (SELECT format_type(g.rngsubtype, NULL) FROM pg_range g WHERE g.rngtypid = t.oid))::text,
           coalesce(edge.refs, '{}') || coalesce(checked.refs, '{}')
               || CASE WHEN t.typrelid <> 0 THEN ARRAY['relation ' || t.typrelid] ELSE '{}' END
               || CASE WHEN t.typelem >= 16384 THEN ARRAY['type ' || t.typelem] ELSE '{}' END
               || coalesce(sorted.refs, '{}'),
           '{}'::text[], ''
    FROM pg_type t
         JOIN pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN edge ON edge.classid = 'pg_type'::regclass AND edge.objid = t.oid
         LEFT JOIN checked ON checked.oid = t.oid
         LEFT JOIN sorted ON sorted.type = t.oid
    WHERE t.oid >= 16384
    UNION ALL
    -- Where a built-in operator has the same name and common types, one with types of one's own is used only for values of
    -- these. Of an extension's operators in C, which come and go with what others need, no body's digest has any.
    SELECT 'operator ' || o.oid, o.oprname, '', 'operator ' || o.oid::regoperator,
           jsonb_build_array(o.oprcode::text, o.oprrest::text, o.oprjoin::text)::text, coalesce(edge.refs, '{}'),
           CASE WHEN EXISTS (SELECT FROM pg_operator b
                             WHERE b.oprname = o.oprname AND b.oid < 16384 AND (o.oprleft = 0) = (b.oprleft = 0)
                               AND (o.oprleft >= 16384 OR o.oprleft = b.oprleft)
                               AND (o.oprright >= 16384 OR o.oprright = b.oprright))
                     AND NOT EXISTS (SELECT FROM converted WHERE type IN (o.oprleft, o.oprright))
                THEN ARRAY(SELECT key FROM reached WHERE type IN (o.oprleft, o.oprright)) ELSE '{}' END,
           'the operator ' || o.oprname || ' of the extension ' || e.extname
    FROM pg_operator o
         LEFT JOIN edge ON edge.classid = 'pg_operator'::regclass AND edge.objid = o.oid
         LEFT JOIN pg_proc f ON f.oid = o.oprcode
         LEFT JOIN pg_language l ON l.oid = f.prolang
         LEFT JOIN (pg_depend d JOIN pg_extension e ON e.oid = d.refobjid)
                   ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.refclassid = 'pg_extension'::regclass
                      AND d.deptype = 'e' AND l.lanname IN ('c', 'internal')
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 'operator class ' || oid, '', '', name, text, refs, '{}', '' FROM class
    UNION ALL
    SELECT 'cast ' || c.oid, '', '', format('cast from %%s to %%s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
           jsonb_build_array(c.castcontext, c.castmethod, c.castfunc::regprocedure::text)::text, coalesce(edge.refs, '{}'),
           ARRAY(SELECT key FROM reached WHERE type IN (c.castsource, c.casttarget)), ''
    FROM pg_cast c LEFT JOIN edge ON edge.classid = 'pg_cast'::regclass AND edge.objid = c.oid
    WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_cast'::regclass AND objid = c.oid)
    UNION ALL
    SELECT 'collation ' || c.oid, c.collname, n.nspname, 'collation ' || c.oid::regcollation,
           jsonb_build_array(c.collprovider, c.collisdeterministic, c.collcollate,
                             coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate))::text,
           '{}', '{}', ''
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid >= 16384
    UNION ALL
    -- CREATE is left out: initdb grants it differently since version 15, and a new name changes the digest by itself.
    SELECT 'schema ' || n.oid, '', '', 'schema ' || quote_ident(n.nspname),
           (SELECT jsonb_agg(CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END
                             ORDER BY CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C")
            FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
            WHERE a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner)::text, '{}', '{}', ''
    FROM pg_namespace n WHERE n.oid >= 16384 OR n.nspname = 'public'
    UNION ALL
    SELECT 'role ' || r.oid, '', '', CASE r.oid WHEN 10 THEN 'rights of the bootstrap superuser'
                                             ELSE 'rights of the role ' || quote_ident(r.rolname) END,
           CASE r.oid WHEN 10 THEN '' ELSE jsonb_build_array(
               r.rolname, r.rolsuper, r.rolbypassrls,
               (SELECT jsonb_agg(pg_get_userbyid(i.role)::text ORDER BY pg_get_userbyid(i.role)::text COLLATE "C")
                FROM inherited i WHERE i.owner = r.oid))::text END, '{}', '{}', ''
    FROM owner JOIN pg_roles r USING (oid)
)
SELECT key, bare, schema, name, coalesce(text, '') AS text, '' AS query, true AS readable, refs, false AS writes,
       '' AS uncovered, given, coalesce(compiled, '') AS compiled
FROM own
