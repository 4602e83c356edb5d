-- Every index of a user-defined table: key columns only, 0 for an expression.
-- Reads pg_index, pg_class, pg_namespace; needs CONNECT.
SELECT i.indexrelid AS oid,
       i.indrelid AS relation,
       x.relname AS name,
       (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns,
       i.indisunique AS "unique",
       i.indisexclusion AS exclusion,
       i.indisprimary AS "primary",
       i.indisvalid AND i.indislive AS valid,
       i.indpred IS NOT NULL AS partial,
       NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_distinct,
       i.indimmediate AS immediate
FROM pg_index i
     JOIN pg_class x ON x.oid = i.indexrelid
     JOIN pg_class c ON c.oid = i.indrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'
ORDER BY i.indrelid, x.relname
