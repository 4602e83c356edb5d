-- Who may SET or ALTER SYSTEM a parameter that is not everybody's; from version 15. What their owner has, the first
-- superuser (OID 10), is left out.
-- Reads pg_parameter_acl; needs CONNECT.
SELECT p.parname AS parameter, a.grantee, a.privilege_type AS privilege
FROM pg_parameter_acl p, aclexplode(p.paracl) a
WHERE a.grantee <> 10
ORDER BY 1, 2, 3
