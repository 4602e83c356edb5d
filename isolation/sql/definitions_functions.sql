-- What the digest of a function covers: its definition, the objects that its dependencies record, and `code`, a body that
-- PostgreSQL resolves when it runs. Names, never OIDs.
-- Reads pg_proc, pg_aggregate, pg_language, pg_depend, pg_extension, pg_class, pg_type,
-- pg_cast, pg_namespace; needs CONNECT.
-- No standard body is printed that names a table in `locked`: it would wait.
WITH waiting AS (
    SELECT DISTINCT objid AS oid FROM pg_depend
    WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = ANY (%(locked)s::oid[])
), own AS (
    SELECT p.*, n.nspname, l.lanname, p.prosqlbody IS NULL OR p.oid NOT IN (SELECT oid FROM waiting) AS readable,
           format('%%I.%%I(%%s)', n.nspname, p.proname,
                  (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY i)
                   FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i))) AS name,
           CASE WHEN p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal') THEN p.prosrc ELSE '' END AS code
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(toast_)?temp_'
), edge AS (
    SELECT d.objid AS oid,
           array_agg(DISTINCT CASE d.refclassid WHEN 'pg_proc'::regclass THEN 'function'
                                                WHEN 'pg_class'::regclass THEN 'relation'
                                                WHEN 'pg_type'::regclass THEN 'type'
                                                WHEN 'pg_operator'::regclass THEN 'operator'
                                                ELSE 'collation' END || ' ' || d.refobjid) AS refs
    FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.refobjid >= 16384
      AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass,
                           'pg_collation'::regclass)
    GROUP BY 1
), special AS (
    -- A function with types of one's own, beside a built-in one of the same name and common types, is called for values of
    -- these alone.
    SELECT own.oid, array_agg(DISTINCT key) AS given
    FROM own
         CROSS JOIN unnest(own.proargtypes) AS arg
         JOIN pg_type t ON t.oid = arg AND t.oid >= 16384
         CROSS JOIN unnest(ARRAY['type ' || t.oid, 'type ' || nullif(t.typelem, 0),
                                 'relation ' || nullif(t.typrelid, 0)]) AS key
    WHERE key IS NOT NULL
      AND EXISTS (SELECT FROM pg_proc b
                  WHERE b.proname = own.proname AND b.oid < 16384 AND b.pronargs = own.pronargs
                    AND NOT EXISTS (SELECT FROM unnest(own.proargtypes, b.proargtypes) AS pair (mine, other)
                                    WHERE mine < 16384 AND mine <> other))
    GROUP BY 1
    HAVING bool_and(t.typtype <> 'd'
                    AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.casttarget = t.oid AND c.castcontext = 'i'
                                                            AND c.castsource < 16384))
), member AS (
    SELECT d.objid AS oid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
)
SELECT 'function ' || own.oid AS key,
       own.proname || '(' AS bare,
       own.nspname AS schema,
       'function ' || own.name AS name,
       jsonb_build_array(
           own.lanname, own.prokind, encode(sha256(convert_to(
               coalesce(CASE WHEN own.readable THEN pg_get_function_sqlbody(own.oid) END, own.prosrc), 'UTF8')), 'hex'),
           own.probin,
           -- Most functions have no settings and the default privileges: a sub-select for each is what takes time.
           CASE WHEN own.proconfig IS NOT NULL
                THEN (SELECT jsonb_agg(line ORDER BY line COLLATE "C") FROM unnest(own.proconfig) AS line) END,
           own.provolatile, own.proisstrict, own.proleakproof, own.prosecdef, own.proretset,
           format_type(own.prorettype, NULL), pg_get_function_arguments(own.oid), own.prosupport::text,
           CASE own.proowner WHEN 10 THEN '' ELSE pg_get_userbyid(own.proowner)::text END,
           CASE WHEN own.proacl IS NULL THEN '[["", "EXECUTE", false]]'::jsonb ELSE
           (SELECT jsonb_agg(jsonb_build_array(CASE a.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                                    ELSE pg_get_userbyid(a.grantee)::text END, a.privilege_type,
                                               a.is_grantable)
                             ORDER BY CASE a.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                           ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C")
            FROM aclexplode(own.proacl) a WHERE a.grantee <> own.proowner) END,
           CASE WHEN own.prokind = 'a' THEN
           (SELECT jsonb_build_array(g.aggkind, g.aggtransfn::text, g.aggfinalfn::text, g.aggcombinefn::text,
                                     g.aggmtransfn::text, g.aggmfinalfn::text, g.agginitval)
            FROM pg_aggregate g WHERE g.aggfnoid = own.oid::regproc) END)::text AS text,
       '' AS query,
       own.readable,
       coalesce(edge.refs, '{}')
           || CASE WHEN own.prosecdef THEN ARRAY['role ' || own.proowner, 'schema ' || own.pronamespace]
                   ELSE '{}' END AS refs,
       own.code,
       own.lanname AS language,
       coalesce(own.proargnames, '{}') || own.proname::text AS own_names,
       -- It may write: what a write to a table runs is covered too.
       own.code ~* '\m(insert|update|delete|merge|truncate|copy|execute|call|perform)\M'
           OR (own.prosqlbody IS NOT NULL AND own.provolatile = 'v') AS writes,
       CASE WHEN own.lanname IN ('c', 'internal')
                 THEN coalesce('the compiled code of the extension ' || member.extname,
                               'the compiled code of ' || own.name)
            WHEN own.lanname NOT IN ('sql', 'plpgsql') THEN 'what the ' || own.lanname || ' code of ' || own.name || ' runs'
            WHEN own.code ~* 'execute|_to_xml|dblink|ts_stat|U&[''"]'
                 AND own.code ~* '\mexecute\M(?!\s+(function|procedure)\M)|\m(query|table|cursor|schema|database)_to_xml'
                             '|\mdblink|\mts_stat\M|U&[''"]'
                 THEN 'SQL that ' || own.name || ' builds when it runs'
            ELSE '' END AS uncovered,
       coalesce(special.given, '{}') AS given
FROM own
     LEFT JOIN edge USING (oid)
     LEFT JOIN member USING (oid)
     LEFT JOIN special USING (oid)
