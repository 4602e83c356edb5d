-- The parameters that weaken the isolation and that a configuration file or the command line sets for every session. Some
-- are visible to superusers and pg_read_all_settings only.
-- Reads pg_settings; needs CONNECT.
SELECT name, coalesce(reset_val, '') AS value
FROM pg_settings
WHERE source IN ('configuration file', 'command line', 'environment variable', 'global')
  AND name = ANY ('{role,session_authorization,session_replication_role,row_security,search_path,lo_compat_privileges,
                    allow_system_table_mods,session_preload_libraries,local_preload_libraries}'::text[])
ORDER BY name
