-- What a digest covers of a trigger, rule, event trigger and policy expression, and of all that a write to a table runs:
-- its triggers, rules, defaults, constraints, the expressions of its indexes, and what foreign keys to it do. Names, never OIDs.
-- Reads pg_trigger, pg_rewrite, pg_event_trigger, pg_policy, pg_attrdef, pg_constraint, pg_index, pg_depend; needs CONNECT.
-- Nothing is printed of a table in `locked`, nor of what reads one: it would wait.
WITH locked AS (
    SELECT unnest(%(locked)s::oid[]) AS oid
), edge AS (
    SELECT d.classid, d.objid,
           array_agg(DISTINCT CASE d.refclassid WHEN 'pg_proc'::regclass THEN 'function'
                                                WHEN 'pg_class'::regclass THEN 'relation'
                                                WHEN 'pg_type'::regclass THEN 'type'
                                                WHEN 'pg_operator'::regclass THEN 'operator'
                                                ELSE 'collation' END || ' ' || d.refobjid) AS refs,
           bool_or(d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(locked)s::oid[])) AS unread
    FROM pg_depend d
    WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
      AND d.classid IN ('pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass,
                        'pg_event_trigger'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass,
                        'pg_class'::regclass)
      AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass,
                           'pg_collation'::regclass)
    GROUP BY 1, 2
), firing AS (
    SELECT t.oid, t.tgrelid, t.tgname, t.tgisinternal, t.tgparentid,
           CASE WHEN seen.readable THEN jsonb_build_array(
               t.tgname, t.tgenabled, replace(pg_get_triggerdef(t.oid), ' ON ' || t.tgrelid::regclass || ' ', ' ')) END
               AS text,
           seen.readable,
           array_remove(coalesce(edge.refs, '{}'), 'relation ' || t.tgrelid) AS refs
    FROM pg_trigger t LEFT JOIN edge ON edge.classid = 'pg_trigger'::regclass AND edge.objid = t.oid
         -- Only the condition of WHEN is printed with the names of columns.
         CROSS JOIN LATERAL (SELECT t.tgqual IS NULL OR t.tgrelid NOT IN (SELECT oid FROM locked) AS readable) AS seen
    WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)
), rewriting AS (
    SELECT w.oid, w.ev_class, w.rulename,
           CASE WHEN seen.readable THEN jsonb_build_array(w.rulename, w.ev_enabled, pg_get_ruledef(w.oid)) END AS text,
           seen.readable,
           array_remove(coalesce(edge.refs, '{}'), 'relation ' || w.ev_class) AS refs
    FROM pg_rewrite w LEFT JOIN edge ON edge.classid = 'pg_rewrite'::regclass AND edge.objid = w.oid
         CROSS JOIN LATERAL (SELECT edge.unread IS NOT TRUE AND w.ev_class NOT IN (SELECT oid FROM locked) AS readable)
             AS seen
    WHERE w.ev_class >= 16384 AND w.ev_type <> '1'
), part AS (
    -- One row for each thing that a write to a table runs.
    SELECT tgrelid AS relation, 'trigger ' || tgname AS name, ARRAY['trigger ' || oid] AS refs, NULL::jsonb AS text,
           true AS readable
    FROM firing
    UNION ALL
    SELECT ev_class, 'rule ' || rulename, ARRAY['rule ' || ev_class || ' ' || rulename], NULL, true
    FROM rewriting
    UNION ALL
    SELECT a.adrelid, 'default ' || g.attname, edge.refs, jsonb_build_array(pg_get_expr(a.adbin, 0)), true
    FROM pg_attrdef a
         JOIN pg_class c ON c.oid = a.adrelid AND NOT c.relispartition
         JOIN pg_attribute g ON g.attrelid = a.adrelid AND g.attnum = a.adnum AND g.attgenerated = ''
         LEFT JOIN edge ON edge.classid = 'pg_attrdef'::regclass AND edge.objid = a.oid
    UNION ALL
    SELECT k.conrelid, 'constraint ' || k.conname, edge.refs,
           CASE WHEN k.conrelid NOT IN (SELECT oid FROM locked) THEN jsonb_build_array(pg_get_constraintdef(k.oid)) END,
           k.conrelid NOT IN (SELECT oid FROM locked)
    FROM pg_constraint k JOIN edge ON edge.classid = 'pg_constraint'::regclass AND edge.objid = k.oid
    WHERE k.contype = 'c' AND k.conrelid <> 0
      AND EXISTS (SELECT FROM unnest(edge.refs) AS ref WHERE ref LIKE 'function %%' OR ref LIKE 'operator %%')
    UNION ALL
    SELECT i.indrelid, 'index ' || c.relname, edge.refs,
           CASE WHEN i.indrelid NOT IN (SELECT oid FROM locked)
                THEN jsonb_build_array(pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)) END,
           i.indrelid NOT IN (SELECT oid FROM locked)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         JOIN edge ON edge.classid = 'pg_class'::regclass AND edge.objid = i.indexrelid
    WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
      AND EXISTS (SELECT FROM unnest(edge.refs) AS ref WHERE ref LIKE 'function %%' OR ref LIKE 'operator %%')
    UNION ALL
    -- Deleting or changing a row deletes or changes those that refer to it.
    SELECT k.confrelid, 'foreign key ' || k.conname || ' of ' || k.conrelid::regclass, ARRAY['writes ' || k.conrelid],
           CASE WHEN k.readable THEN jsonb_build_array(pg_get_constraintdef(k.oid)) END, k.readable
    FROM (SELECT *, NOT EXISTS (SELECT FROM locked WHERE oid IN (conrelid, confrelid)) AS readable FROM pg_constraint) k
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
), own (key, name, text, refs, readable) AS (
    SELECT 'trigger ' || f.oid, 'trigger ' || f.tgname, f.text::text, f.refs, f.readable FROM firing f
    UNION ALL
    SELECT 'rule ' || ev_class || ' ' || rulename, 'rule ' || rulename, text::text, refs, readable
    FROM rewriting
    UNION ALL
    SELECT 'event trigger ' || e.evtname, 'event trigger ' || e.evtname,
           jsonb_build_array(e.evtevent, e.evtenabled, e.evttags,
                             CASE e.evtowner WHEN 10 THEN '' ELSE pg_get_userbyid(e.evtowner)::text END,
                             e.evtfoid::regproc::text)::text, edge.refs, true
    FROM pg_event_trigger e LEFT JOIN edge ON edge.classid = 'pg_event_trigger'::regclass AND edge.objid = e.oid
    UNION ALL
    SELECT clause.what || ' ' || p.oid, 'policy expression',
           jsonb_build_array(
               CASE WHEN seen.readable THEN pg_get_expr(clause.tree, p.polrelid) END,
               (SELECT jsonb_agg(jsonb_build_array(
                           a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation,
                           CASE WHEN a.attgenerated <> '' AND seen.readable THEN pg_get_expr(x.adbin, x.adrelid) END)
                           ORDER BY a.attname COLLATE "C")
                FROM pg_attribute a LEFT JOIN pg_attrdef x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
                WHERE a.attrelid = p.polrelid
                  AND a.attnum IN (SELECT d.refobjsubid FROM pg_depend d
                                   WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                                     AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.polrelid)))::text,
           array_remove(coalesce(edge.refs, '{}'), 'relation ' || p.polrelid), seen.readable
    FROM pg_policy p
         CROSS JOIN LATERAL (VALUES ('using', p.polqual), ('check', p.polwithcheck)) AS clause (what, tree)
         LEFT JOIN edge ON edge.classid = 'pg_policy'::regclass AND edge.objid = p.oid
         CROSS JOIN LATERAL (SELECT edge.unread IS NOT TRUE AND p.polrelid NOT IN (SELECT oid FROM locked) AS readable)
             AS seen
    WHERE clause.tree IS NOT NULL
    UNION ALL
    SELECT 'writes ' || relation, 'writes to ' || relation::regclass,
           coalesce(jsonb_agg(text ORDER BY name COLLATE "C") FILTER (WHERE text IS NOT NULL)::text, ''),
           string_to_array(string_agg(array_to_string(array_remove(refs, 'relation ' || relation), chr(1)), chr(1)), chr(1)),
           bool_and(readable)
    FROM part GROUP BY relation
)
SELECT key, '' AS bare, name, coalesce(text, '') AS text, '' AS query, readable, coalesce(refs, '{}') AS refs,
       false AS writes, '' AS uncovered
FROM own
