-- Every role and its attributes.
-- Reads pg_roles; needs CONNECT.
SELECT oid, rolname AS name, rolsuper AS superuser, rolbypassrls AS bypass_rls, rolcreaterole AS create_role,
       rolcreatedb AS create_db, rolreplication AS replication, rolcanlogin AS login, rolinherit AS inherit
FROM pg_roles
ORDER BY oid
