-- Who may SET or ALTER SYSTEM a parameter that is not everybody's; from version 15.
-- Reads pg_parameter_acl; needs CONNECT.
SELECT p.parname AS parameter, a.grantee, a.privilege_type AS privilege
FROM pg_parameter_acl p, aclexplode(p.paracl) a
ORDER BY 1, 2, 3
