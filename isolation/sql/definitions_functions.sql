-- What the digest of a function covers: its definition, the objects that its dependencies record, and `words`, the names
-- of user-defined objects that occur anywhere in a body that PostgreSQL resolves when it runs. Names, never OIDs.
-- Reads pg_proc, pg_aggregate, pg_language, pg_depend, pg_extension, pg_class, pg_type, pg_operator; needs CONNECT.
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
), named AS MATERIALIZED (
    SELECT relname::text COLLATE "C" AS name FROM pg_class
    WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION SELECT proname FROM own
    UNION SELECT typname FROM pg_type WHERE oid >= 16384 AND typtype IN ('d', 'e', 'r', 'm', 'b') AND typelem = 0
), odd AS MATERIALIZED (
    -- Names that are no plain word are looked for as they are.
    SELECT name, replace(name, '"', '""') AS quoted FROM named WHERE name !~ '^[A-Za-z_][A-Za-z0-9_$]*$'
), word AS (
    SELECT DISTINCT own.oid, one COLLATE "C" AS name
    FROM own, regexp_matches(own.code, '[A-Za-z_][A-Za-z0-9_$]*', 'g') AS m,
         unnest(CASE WHEN m[1] = lower(m[1]) THEN m ELSE ARRAY[m[1], lower(m[1])] END) AS one
), sign AS (
    SELECT DISTINCT own.oid, m[1] COLLATE "C" AS name
    FROM own, regexp_matches(own.code, '[-+*/<>=~!@#%%^&|`?]+', 'g') AS m
    WHERE EXISTS (SELECT FROM pg_operator WHERE oid >= 16384)
), mention AS (
    SELECT found.oid, array_agg(DISTINCT found.name) AS words
    -- Joined by equality alone, so that many functions and many names are hashed.
    FROM (SELECT word.oid, named.name FROM word JOIN named ON named.name = word.name
          UNION ALL
          SELECT own.oid, odd.name FROM odd JOIN own ON own.code ~ '"|[^\x01-\x7f]' AND strpos(own.code, odd.quoted) > 0
          UNION ALL
          SELECT sign.oid, o.oprname FROM sign JOIN pg_operator o ON strpos(sign.name, o.oprname) > 0
          WHERE o.oid >= 16384) AS found
    GROUP BY 1
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
), member AS (
    SELECT d.objid AS oid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
)
SELECT 'function ' || own.oid AS key,
       own.proname AS bare,
       'function ' || own.name AS name,
       jsonb_build_array(
           own.lanname, own.prokind, encode(sha256(convert_to(
               coalesce(CASE WHEN own.readable THEN pg_get_function_sqlbody(own.oid) END, own.prosrc), 'UTF8')), 'hex'),
           own.probin,
           (SELECT jsonb_agg(line ORDER BY line COLLATE "C") FROM unnest(own.proconfig) AS line),
           own.provolatile, own.proisstrict, own.proleakproof, own.prosecdef, own.proretset,
           format_type(own.prorettype, NULL), pg_get_function_arguments(own.oid), own.prosupport::text,
           CASE own.proowner WHEN 10 THEN '' ELSE pg_get_userbyid(own.proowner)::text END,
           (SELECT jsonb_agg(jsonb_build_array(CASE a.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                                    ELSE pg_get_userbyid(a.grantee)::text END, a.privilege_type,
                                               a.is_grantable)
                             ORDER BY CASE a.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                           ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C")
            FROM aclexplode(coalesce(own.proacl, acldefault('f', own.proowner))) a WHERE a.grantee <> own.proowner),
           (SELECT jsonb_build_array(g.aggkind, g.aggtransfn::text, g.aggfinalfn::text, g.aggcombinefn::text,
                                     g.aggmtransfn::text, g.aggmfinalfn::text, g.agginitval)
            FROM pg_aggregate g WHERE own.prokind = 'a' AND g.aggfnoid = own.oid::regproc))::text AS text,
       '' AS query,
       own.readable,
       coalesce(edge.refs, '{}')
           || CASE WHEN own.prosecdef THEN ARRAY['role ' || own.proowner, 'schema ' || own.pronamespace]
                   ELSE '{}' END AS refs,
       coalesce(mention.words, '{}') AS words,
       own.code <> '' AS resolved_late,
       -- It may write: what a write to a table runs is covered too.
       own.code ~* '\m(insert|update|delete|merge|truncate|copy|execute|call|perform)\M'
           OR (own.prosqlbody IS NOT NULL AND own.provolatile = 'v') AS writes,
       CASE WHEN own.lanname IN ('c', 'internal')
                 THEN coalesce('the compiled code of the extension ' || member.extname,
                               'the compiled code of ' || own.name)
            WHEN own.lanname NOT IN ('sql', 'plpgsql') THEN 'what the ' || own.lanname || ' code of ' || own.name || ' runs'
            WHEN own.code ~* '\mexecute\M(?!\s+(function|procedure)\M)|\m(query|table|cursor|schema|database)_to_xml'
                             '|\mdblink|\mts_stat\M|U&[''"]'
                 THEN 'SQL that ' || own.name || ' builds when it runs'
            ELSE '' END AS uncovered
FROM own
     LEFT JOIN edge USING (oid)
     LEFT JOIN mention USING (oid)
     LEFT JOIN member USING (oid)
