-- Every index of a user-defined table: key columns only, 0 for an expression. `equality_columns` are those in which only
-- equal values conflict: with an operator class of PostgreSQL or an extension, and = in an exclusion constraint.
-- Reads pg_index, pg_class, pg_namespace, pg_constraint, pg_operator, pg_depend; needs CONNECT.
-- Of an index of a table in `locked`, no expression is printed: it would wait.
WITH owned AS (
    SELECT classid, objid FROM pg_depend
    WHERE deptype = 'e' AND classid IN ('pg_opclass'::regclass, 'pg_operator'::regclass)
)
SELECT i.indexrelid AS oid,
       i.indrelid AS relation,
       x.relname AS name,
       (i.indkey::int2[])[0:i.indnkeyatts - 1] AS columns,
       ARRAY(SELECT u.number
             FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1], i.indclass::oid[]) WITH ORDINALITY AS u (number, class, place)
             WHERE (u.class < 16384
                    OR EXISTS (SELECT FROM owned WHERE classid = 'pg_opclass'::regclass AND objid = u.class))
               AND (k.conexclop IS NULL
                    OR EXISTS (SELECT FROM pg_operator o
                               WHERE o.oid = k.conexclop[u.place] AND o.oprname = '='
                                 AND (o.oid < 16384
                                      OR EXISTS (SELECT FROM owned
                                                 WHERE classid = 'pg_operator'::regclass AND objid = o.oid))))
             ORDER BY u.place) AS equality_columns,
       i.indisreplident AS replica_identity,
       i.indisunique AS "unique",
       i.indisexclusion AS exclusion,
       i.indisprimary AS "primary",
       i.indisvalid AND i.indislive AS valid,
       i.indpred IS NOT NULL AS partial,
       NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_distinct,
       i.indimmediate AS immediate,
       i.indexrelid IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x')) AS "constraint",
       CASE WHEN i.indexprs IS NULL THEN '{}'
            WHEN i.indrelid = ANY (%(locked)s::oid[]) THEN array_fill('…'::text, ARRAY[i.indnkeyatts::int])
            ELSE ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n) END AS keys,
       CASE WHEN i.indpred IS NULL THEN '' WHEN i.indrelid = ANY (%(locked)s::oid[]) THEN '…'
            ELSE pg_get_expr(i.indpred, i.indrelid) END AS condition,
       CASE WHEN NOT i.indisexclusion THEN '' WHEN i.indrelid = ANY (%(locked)s::oid[]) THEN '…'
            ELSE coalesce(pg_get_constraintdef(k.oid), '') END AS exclusion_text
FROM pg_index i
     JOIN pg_class x ON x.oid = i.indexrelid
     JOIN pg_class c ON c.oid = i.indrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.conexclop IS NOT NULL
WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' AND n.nspname !~ '^pg_(toast_)?temp_'
ORDER BY i.indrelid, x.relname
