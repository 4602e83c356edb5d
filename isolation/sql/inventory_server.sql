-- The server and the database; `context_defaults` are the context settings that have a value at the start of a session.
-- Reads pg_database; needs CONNECT.
SELECT current_setting('server_version_num')::int AS version_num,
       to_regprocedure('pg_catalog.aurora_version()') IS NOT NULL AS is_aurora,
       d.datname AS database,
       d.oid AS database_oid,
       d.datdba AS database_owner,
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a) AS database_grants,
       pg_is_in_recovery() AS standby,
       ARRAY(SELECT name FROM unnest(%(context)s::text[]) AS name
             WHERE coalesce(current_setting(name, true), '') <> '') AS context_defaults,
       -- One whose left side is of a user-defined type, such as -> of hstore, is never taken for JSON.
       NOT EXISTS (SELECT FROM pg_operator
                   WHERE oid >= 16384 AND oprname IN ('->', '->>') AND oprleft < 16384) AS json_operators_are_built_in
FROM pg_database d
WHERE d.datname = current_database()
