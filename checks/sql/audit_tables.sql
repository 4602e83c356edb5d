-- The audit table and its partitions or children: who may truncate each, and the rules that replace what is asked.
-- Reads pg_class, pg_inherits, pg_rewrite, pg_roles; needs CONNECT.
WITH RECURSIVE tree AS (
    SELECT c.oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname = %(schema)s AND c.relname = %(table)s
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
)
SELECT n.nspname AS schema,
       c.relname AS name,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY (%(principals)s::text[]) AND has_table_privilege(r.oid, c.oid, 'TRUNCATE')
             ORDER BY 1) AS truncated_by,
       ARRAY(SELECT w.rulename::text FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.is_instead ORDER BY 1) AS rules
FROM tree JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2
