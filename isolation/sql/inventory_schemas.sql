-- Every schema except system and temporary ones.
-- Reads pg_namespace; needs CONNECT.
SELECT n.oid,
       n.nspname AS name,
       n.nspowner AS owner,
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a) AS grants
FROM pg_namespace n
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'
ORDER BY n.nspname
