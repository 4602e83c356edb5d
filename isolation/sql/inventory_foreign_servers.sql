-- Every foreign server and the roles with a user mapping. Options of mappings can hold passwords: they are not read.
-- Reads pg_foreign_server, pg_foreign_data_wrapper, pg_user_mappings (umuser); needs CONNECT.
SELECT s.srvname AS name,
       w.fdwname AS wrapper,
       s.srvowner AS owner,
       ARRAY(SELECT m.umuser FROM pg_user_mappings m WHERE m.srvid = s.oid ORDER BY 1) AS mapped_roles,
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(coalesce(s.srvacl, acldefault('S', s.srvowner))) a) AS grants
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
ORDER BY s.srvname
