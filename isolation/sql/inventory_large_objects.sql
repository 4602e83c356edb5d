-- Large objects, grouped by owner and grants because there can be millions. Their content is not read.
-- Reads pg_largeobject_metadata; needs CONNECT.
SELECT min(l.oid) AS lowest_oid,
       l.lomowner AS owner,
       count(*) AS count,
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(coalesce(l.lomacl, acldefault('L', l.lomowner))) a) AS grants
FROM pg_largeobject_metadata l
GROUP BY l.lomowner, l.lomacl
ORDER BY 1
