-- The column of a table, if it has the type of a time.
-- Reads pg_class, pg_attribute: every role may.
SELECT a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND a.attname = %(column)s
    AND a.atttypid = ANY (ARRAY['timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype])
