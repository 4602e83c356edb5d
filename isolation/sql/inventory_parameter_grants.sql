-- The grants of SET and ALTER SYSTEM on restricted parameters; since version 15. Those of their owner, the bootstrap
-- superuser (OID 10), are omitted.
-- Reads pg_parameter_acl; needs CONNECT.
SELECT p.parname AS parameter, a.grantee, a.privilege_type AS privilege
FROM pg_parameter_acl p, aclexplode(p.paracl) a
WHERE a.grantee <> 10
ORDER BY 1, 2, 3
