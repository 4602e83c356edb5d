-- The user-defined relations of this database that another session holds, or waits for, in ACCESS EXCLUSIVE mode, so that
-- PostgreSQL cannot print what is defined on them. Reads pg_locks, pg_database; needs CONNECT.
SELECT DISTINCT l.relation AS oid
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation >= 16384
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  -- A prepared transaction has no process.
  AND l.pid IS DISTINCT FROM pg_backend_pid()
ORDER BY 1
