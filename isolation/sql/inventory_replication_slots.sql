-- Every permanent logical replication slot of this database.
-- Reads pg_replication_slots; needs CONNECT.
SELECT slot_name AS name,
       plugin,
       'sha256:' || encode(sha256(convert_to(slot_name || ' ' || plugin, 'UTF8')), 'hex') AS digest
FROM pg_replication_slots
WHERE slot_type = 'logical' AND database = current_database() AND NOT temporary
ORDER BY slot_name
