-- The session defaults by role, by database or by both. A setting with a dot in its name is not built in: its value
-- could be a tenant's id, so it is not read.
-- Reads pg_db_role_setting; needs CONNECT.
SELECT s.setrole AS role,
       s.setdatabase AS database,
       lower(split_part(line, '=', 1)) AS name,
       CASE WHEN strpos(split_part(line, '=', 1), '.') = 0 THEN substr(line, strpos(line, '=') + 1) END AS value,
       substr(line, strpos(line, '=') + 1) = '' AS "empty"
FROM pg_db_role_setting s, unnest(s.setconfig) AS line
WHERE s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2, 3
