-- The default privileges on future objects.
-- Reads pg_default_acl, pg_namespace; needs CONNECT.
SELECT d.defaclrole AS owner,
       coalesce(n.nspname, '') AS schema,
       CASE d.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function' WHEN 'T' THEN 'type'
                            WHEN 'n' THEN 'schema' WHEN 'L' THEN 'large_object' ELSE d.defaclobjtype::text END AS kind,
       a.grantee,
       a.privilege_type AS privilege
FROM pg_default_acl d
     CROSS JOIN aclexplode(d.defaclacl) a
     LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
ORDER BY 1, 2, 3, 4, 5
