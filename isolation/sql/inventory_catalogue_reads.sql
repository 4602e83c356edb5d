-- What the views and rules of users read of PostgreSQL's own relations that not everybody may read, from their stored
-- trees: pg_depend does not record built-in objects. `readers` are the roles that may read these columns themselves.
-- Also the system views and functions that show each role its own share: a materialized view stores that of its owner.
-- A TOAST table holds the values of its table, where no policy applies.
-- Reads pg_rewrite, pg_class, pg_attribute, pg_namespace, pg_proc; needs CONNECT.
WITH tree AS MATERIALIZED (
    SELECT w.ev_class, CASE WHEN w.rulename = '_RETURN' THEN '' ELSE w.rulename END AS rule,
           concat(w.ev_action, w.ev_qual) AS text
    FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class
    WHERE c.oid >= 16384
), read AS (
    -- In a set of columns the bit 7 is the whole row, and 8 the first column.
    SELECT tree.ev_class, tree.rule, m[1]::oid AS relid,
           array_remove(string_to_array(btrim(m[2]), ' '), '')::int[] AS bits
    FROM tree, regexp_matches(tree.text, ':relid (\d+) [^{}]*:selectedCols \(b([ \d]*)\)', 'g') AS m
), needed AS (
    SELECT ev_class, rule, relid, array_agg(DISTINCT bit - 7) AS columns
    FROM read, unnest(bits) AS bit
    GROUP BY 1, 2, 3
), system AS (
    SELECT needed.*, format('%%I.%%I', n.nspname, c.relname) AS name, c.relname,
           ARRAY(SELECT a.grantee FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
                 WHERE a.privilege_type = 'SELECT'
                 UNION
                 -- The roles that may read each of the columns, where it is not the whole row.
                 SELECT x.grantee FROM pg_attribute t, aclexplode(t.attacl) x
                 WHERE t.attrelid = c.oid AND t.attnum = ANY (needed.columns) AND x.privilege_type = 'SELECT'
                   AND NOT 0 = ANY (needed.columns)
                 GROUP BY 1 HAVING count(DISTINCT t.attnum) = cardinality(needed.columns)) AS readers
    FROM needed JOIN pg_class c ON c.oid = needed.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid < 16384 OR c.relkind = 't'
)
SELECT ev_class AS reader, rule, name AS relation, readers, false AS by_role
FROM system
WHERE NOT 0 = ANY (readers)
UNION
SELECT ev_class, rule, name, readers, true
FROM system
WHERE 0 = ANY (readers)
  AND relname = ANY ('{pg_stats,pg_stats_ext,pg_stats_ext_exprs,pg_stat_activity,pg_stat_subscription,pg_stat_replication,
                       pg_user_mappings,pg_settings,pg_prepared_statements,pg_cursors,user_mapping_options}'::text[])
UNION
SELECT tree.ev_class, tree.rule, format('%%I.%%I()', n.nspname, p.proname), '{}', true
FROM tree, regexp_matches(tree.text, ':funcid (\d+)', 'g') AS m
     JOIN pg_proc p ON p.oid = m[1]::oid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid < 16384
  AND p.proname ~ ('^(query|table|cursor|schema|database)_to_xml|^pg_(read|ls|stat_get|stat_file|logical|get_wal|show)'
                   || '|^lo_|^loread|^ts_stat')
ORDER BY 1, 2, 3
