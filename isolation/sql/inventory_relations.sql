-- Every user-defined table, view, materialized view, foreign table and sequence, with its columns; in every schema, but
-- for what the superuser of RDS has in PostgreSQL's own. OIDs from 16384 are those of user-defined objects.
-- Reads pg_class, pg_attrdef, pg_attribute, pg_collation, pg_constraint, pg_depend, pg_foreign_table, pg_inherits,
-- pg_rewrite and pg_type; needs CONNECT.
WITH RECURSIVE place AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'
), part AS (
    SELECT inhrelid AS oid, array_agg(inhparent ORDER BY inhseqno) AS parents FROM pg_inherits GROUP BY 1
), use AS (
    SELECT w.ev_class AS oid,
           array_agg(DISTINCT d.refobjid) FILTER (WHERE d.refclassid = 'pg_class'::regclass) AS relations,
           array_agg(DISTINCT d.refobjid) FILTER (WHERE d.refclassid = 'pg_proc'::regclass) AS referenced_functions
    FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    WHERE w.ev_class >= 16384 AND w.ev_type = '1'
      AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND d.refobjid <> w.ev_class
    GROUP BY 1
), member AS (
    SELECT d.objid AS oid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
), late AS (
    -- Since version 18, NOT NULL can be declared without validation of existing rows.
    SELECT conrelid, conkey[1] AS attnum FROM pg_constraint WHERE contype = 'n' AND NOT convalidated
), base (domain, type) AS (
    -- The type below each domain, also below a domain over a domain.
    SELECT oid, typbasetype FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT base.domain, t.typbasetype FROM base JOIN pg_type t ON t.oid = base.type AND t.typtype = 'd'
), col AS (
    SELECT a.attrelid AS oid,
           json_agg(json_build_object(
               'number', a.attnum,
               'name', a.attname,
               'type', a.atttypid::int8,
               'base_type', coalesce(base.type, 0)::int8,
               'type_name', format_type(a.atttypid, a.atttypmod),
               'not_null', a.attnotnull AND late.attnum IS NULL,
               'collation', a.attcollation::int8,
               'deterministic_collation', coalesce(l.collisdeterministic, true),
               'has_default', a.atthasdef,
               'constant_default', coalesce(d.adbin::text LIKE '{CONST %%'
                                 AND d.adbin::text NOT LIKE '%%:constisnull true%%', false),
               'generated', a.attgenerated,
               'grants', CASE WHEN a.attacl IS NULL THEN '[]'::json ELSE
                   (SELECT coalesce(json_agg(json_build_object('grantee', x.grantee::int8,
                                                               'privilege', x.privilege_type,
                                                               'grantable', x.is_grantable)), '[]')
                    FROM aclexplode(a.attacl) x) END
           ) ORDER BY a.attnum) AS columns
    FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
         JOIN place ON place.oid = c.relnamespace
         LEFT JOIN pg_collation l ON l.oid = a.attcollation
         LEFT JOIN base ON base.domain = a.atttypid
                        AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = base.type AND t.typtype = 'd')
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         LEFT JOIN late ON late.conrelid = a.attrelid AND late.attnum = a.attnum
    WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY 1
)
SELECT c.oid,
       place.nspname AS schema,
       c.relname AS name,
       c.relkind::text AS kind,
       c.relowner AS owner,
       c.relispartition AS partition,
       c.relrowsecurity AS rls_enabled,
       c.relforcerowsecurity AS rls_forced,
       coalesce(o.security_invoker, false) AS security_invoker,
       coalesce(o.security_barrier, false) AS security_barrier,
       c.relpersistence = 't' AS temporary,
       c.relpersistence = 'u' AS unlogged,
       c.relkind = 'v' AND EXISTS (
           SELECT FROM pg_rewrite w
           WHERE w.ev_class = c.oid
             AND w.ev_action::text ~ ':\w*(funcid|fnoid) (2078|292[3-9]|2930|2933|2935|2936|2938|3685|3689|3690) '
       ) AS changes_settings,
       c.relreplident::text AS replica_identity,
       coalesce(part.parents, '{}') AS parents,
       coalesce(use.relations, '{}') AS referenced_relations,
       coalesce(use.referenced_functions, '{}') AS referenced_functions,
       coalesce(col.columns, '[]') AS columns,
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                      c.relowner))) a) AS grants,
       coalesce(member.extname, '') AS extension,
       coalesce(s.srvname, '') AS server
FROM pg_class c
     JOIN place ON place.oid = c.relnamespace
     LEFT JOIN part ON part.oid = c.oid
     LEFT JOIN use ON use.oid = c.oid
     LEFT JOIN member ON member.oid = c.oid
     LEFT JOIN col ON col.oid = c.oid
     LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
     LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
     LEFT JOIN LATERAL (
         SELECT bool_or(option_name = 'security_invoker' AND option_value::boolean) AS security_invoker,
                bool_or(option_name = 'security_barrier' AND option_value::boolean) AS security_barrier
         FROM pg_options_to_table(c.reloptions)
     ) o ON c.relkind = 'v'
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND (place.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
       OR pg_get_userbyid(c.relowner) <> 'rdsadmin')
ORDER BY place.nspname, c.relname
LIMIT %(most)s::int
