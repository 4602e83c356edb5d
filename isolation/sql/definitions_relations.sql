-- What a digest covers of a table or view that an object reads: columns, owner, grants, row security with its policies,
-- and the query of a view. Names, never OIDs. Reads pg_class, pg_attribute, pg_attrdef, pg_policy, pg_rewrite,
-- pg_index, pg_inherits, pg_sequence, pg_foreign_table, pg_depend; needs CONNECT. Nothing is printed of a table in
-- `locked`, nor of what reads one: it waits.
WITH edge AS (
    SELECT coalesce(p.polrelid, w.ev_class, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END, a.adrelid) AS oid,
           array_agg(DISTINCT CASE d.refclassid WHEN 'pg_proc'::regclass THEN 'function'
                                                WHEN 'pg_class'::regclass THEN 'relation'
                                                WHEN 'pg_type'::regclass THEN 'type'
                                                WHEN 'pg_operator'::regclass THEN 'operator'
                                                ELSE 'collation' END || ' ' || d.refobjid) AS refs
    FROM pg_depend d
         LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
         LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.ev_type = '1'
         LEFT JOIN (pg_attrdef a JOIN pg_attribute g ON g.attrelid = a.adrelid AND g.attnum = a.adnum
                                                        AND g.attgenerated <> '')
                   ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
      AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass,
                           'pg_collation'::regclass)
      AND (d.classid <> 'pg_class'::regclass OR d.refclassid IN ('pg_type'::regclass, 'pg_collation'::regclass))
      AND coalesce(p.oid, w.oid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END, a.oid) IS NOT NULL
    GROUP BY 1
), unread AS (
    SELECT unnest(%(locked)s::oid[]) AS oid
    UNION SELECT oid FROM edge WHERE refs && ARRAY(SELECT 'relation ' || one FROM unnest(%(locked)s::oid[]) AS one)
), sorting AS (
    -- A search by an index answers what the class of its operators says.
    SELECT i.indrelid AS oid, array_agg(DISTINCT 'operator class ' || c) AS refs
    FROM pg_index i, unnest(i.indclass::oid[]) AS c WHERE c >= 16384 GROUP BY 1
), policy AS (
    SELECT p.polrelid AS oid,
           jsonb_agg(jsonb_build_array(
               p.polname, p.polpermissive, p.polcmd,
               (SELECT jsonb_agg(CASE r WHEN 0 THEN '' ELSE pg_get_userbyid(r)::text END
                                 ORDER BY CASE r WHEN 0 THEN '' ELSE pg_get_userbyid(r)::text END COLLATE "C")
                FROM unnest(p.polroles) AS r),
               CASE WHEN p.polrelid NOT IN (SELECT oid FROM unread) THEN pg_get_expr(p.polqual, p.polrelid) END,
               CASE WHEN p.polrelid NOT IN (SELECT oid FROM unread) THEN pg_get_expr(p.polwithcheck, p.polrelid) END)
               ORDER BY p.polname COLLATE "C") AS policies
    FROM pg_policy p GROUP BY 1
), col AS (
    SELECT a.attrelid AS oid,
           jsonb_agg(jsonb_build_array(
               a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               CASE WHEN a.attcollation >= 16384 THEN a.attcollation::regcollation::text ELSE '' END,
               CASE WHEN a.attgenerated <> '' AND a.attrelid <> ALL (%(locked)s::oid[])
                    THEN a.attgenerated::text || pg_get_expr(d.adbin, d.adrelid) END,
               (SELECT jsonb_agg(jsonb_build_array(CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee)::text END,
                                                   x.privilege_type, x.is_grantable)
                                 ORDER BY CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee)::text END
                                          COLLATE "C", x.privilege_type COLLATE "C")
                FROM aclexplode(a.attacl) x
                WHERE k.relkind IN ('v', 'm') OR x.privilege_type NOT IN ('SELECT', 'REFERENCES')))
               ORDER BY a.attnum) AS columns
    FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY 1
)
SELECT 'relation ' || c.oid AS key,
       c.relname AS bare,
       n.nspname AS schema,
       CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence '
                      WHEN 'c' THEN 'type ' ELSE 'table ' END || format('%%I.%%I', n.nspname, c.relname) AS name,
       jsonb_build_array(
           c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
           CASE c.relowner WHEN 10 THEN '' ELSE pg_get_userbyid(c.relowner)::text END,
           CASE WHEN c.relkind = 'v' THEN
               (SELECT jsonb_agg(line ORDER BY line COLLATE "C") FROM unnest(c.reloptions) AS line) END,
           (SELECT jsonb_agg(jsonb_build_array(CASE x.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                                    ELSE pg_get_userbyid(x.grantee)::text END, x.privilege_type,
                                               x.is_grantable)
                             ORDER BY CASE x.grantee WHEN 0 THEN '' WHEN 10 THEN ' '
                                           ELSE pg_get_userbyid(x.grantee)::text END COLLATE "C",
                                      x.privilege_type COLLATE "C")
            FROM aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                          c.relowner))) x
            -- Who else reads a table changes nothing for what reaches it. Only version 17 and later have MAINTAIN.
            WHERE x.grantee <> c.relowner
              AND x.privilege_type <> ALL (CASE WHEN c.relkind IN ('v', 'm') THEN '{MAINTAIN}'::text[]
                                                ELSE '{MAINTAIN,SELECT,REFERENCES}' END)),
           col.columns, policy.policies,
           coalesce(to_jsonb(s.srvname), (SELECT to_jsonb(q) - 'seqrelid' - 'seqtypid' - 'seqstart'
                                          FROM pg_sequence q WHERE q.seqrelid = c.oid)))::text AS text,
       CASE WHEN c.relkind IN ('v', 'm') AND unread.oid IS NULL THEN pg_get_viewdef(c.oid) ELSE '' END AS query,
       array_remove(coalesce(edge.refs, '{}'), 'relation ' || c.oid)
           || CASE WHEN c.relkind IN ('v', 'm') THEN ARRAY['role ' || c.relowner] ELSE '{}' END
           || coalesce(sorting.refs, '{}')
           -- Reading a table reads those that inherit from it; partitions come and go.
           || ARRAY(SELECT 'relation ' || h.inhrelid FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhrelid
                    WHERE h.inhparent = c.oid AND NOT k.relispartition) AS refs,
       unread.oid IS NULL AS readable,
       false AS writes,
       CASE WHEN s.srvname IS NULL THEN '' ELSE 'what the foreign server ' || s.srvname || ' returns' END AS uncovered
FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN edge ON edge.oid = c.oid
     LEFT JOIN unread ON unread.oid = c.oid
     LEFT JOIN policy ON policy.oid = c.oid
     LEFT JOIN sorting ON sorting.oid = c.oid
     LEFT JOIN col ON col.oid = c.oid
     LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
     LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND n.nspname !~ '^pg_(toast|toast_temp|temp)'
