-- What a digest covers of a publication, a subscription, a foreign server and an extension. Names, never OIDs. The options
-- of a server are not secret; those of user mappings and connection strings are not read. The digest of an extension
-- survives an update: it covers its name, schema and owner, the grants on its objects that it did not make itself, and
-- the names of its tables, views, and functions with the rights of their owner.
-- Reads pg_publication, pg_publication_rel, pg_subscription, pg_foreign_server, pg_user_mappings, pg_extension,
-- pg_init_privs, pg_depend; needs CONNECT. While any table is `locked`, the tables of a publication are not
-- listed: it would wait.
WITH published AS (
    SELECT x.prpubid AS oid,
           jsonb_agg(jsonb_build_array(
               x.prrelid::regclass::text,
               (SELECT jsonb_agg(a.attname ORDER BY a.attname COLLATE "C") FROM pg_attribute a
                WHERE a.attrelid = x.prrelid
                  AND a.attnum::text = ANY (string_to_array(to_jsonb(x) ->> 'prattrs', ' '))))
               ORDER BY x.prrelid::regclass::text COLLATE "C") AS tables,
           array_agg(DISTINCT ref) FILTER (WHERE ref IS NOT NULL) AS refs
    FROM pg_publication_rel x
         LEFT JOIN LATERAL (SELECT CASE d.refclassid WHEN 'pg_proc'::regclass THEN 'function ' ELSE 'operator ' END
                                   || d.refobjid AS ref
                            FROM pg_depend d
                            WHERE d.classid = 'pg_publication_rel'::regclass AND d.objid = x.oid AND d.refobjid >= 16384
                              AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)) AS need ON true
    GROUP BY 1
), granted AS (
    SELECT e.refobjid AS oid,
           jsonb_agg(DISTINCT jsonb_build_array(
               coalesce(p.oid::regprocedure::text, c.oid::regclass::text), a.privilege_type,
               CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END)) AS grants
    FROM pg_depend e
         LEFT JOIN pg_proc p ON e.classid = 'pg_proc'::regclass AND p.oid = e.objid
         LEFT JOIN pg_class c ON e.classid = 'pg_class'::regclass AND c.oid = e.objid
         LEFT JOIN pg_init_privs i ON i.classoid = e.classid AND i.objoid = e.objid AND i.objsubid = 0
         CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, c.relacl)) AS a
    WHERE e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' AND a.grantee <> coalesce(p.proowner, c.relowner)
      AND a.privilege_type <> 'MAINTAIN'
      AND NOT (p.oid IS NOT NULL AND a.grantee = 0 AND a.privilege_type = 'EXECUTE')
      AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) AS first
                      WHERE (first.grantee, first.privilege_type) = (a.grantee, a.privilege_type))
    GROUP BY 1
), held AS (
    -- What an extension adds to what a role can reach: anything can be added to it later.
    SELECT d.refobjid AS oid,
           jsonb_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text COLLATE "C")
               FILTER (WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')) AS relations,
           jsonb_agg(p.oid::regprocedure::text ORDER BY p.oid::regprocedure::text COLLATE "C")
               FILTER (WHERE p.prosecdef) AS functions
    FROM pg_depend d
         LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
         LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    GROUP BY 1
), own (key, name, text, refs, readable) AS (
    SELECT 'publication ' || p.pubname, 'publication ' || p.pubname,
           jsonb_build_array(CASE p.pubowner WHEN 10 THEN '' ELSE pg_get_userbyid(p.pubowner)::text END, p.puballtables,
                             p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
                             coalesce(to_jsonb(p) ->> 'pubgencols', 'n'), published.tables,
                             -- Old rows are sent whole.
                             (SELECT jsonb_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text COLLATE "C")
                              FROM pg_get_publication_tables(p.pubname) t JOIN pg_class c ON c.oid = t.relid
                              WHERE c.relreplident = 'f' AND cardinality(%(locked)s::oid[]) = 0))::text,
           coalesce(published.refs, '{}') || ('published ' || p.pubname), cardinality(%(locked)s::oid[]) = 0
    FROM pg_publication p LEFT JOIN published USING (oid)
    UNION ALL
    SELECT 'subscription ' || s.subname, 'subscription ' || s.subname,
           jsonb_build_array(CASE s.subowner WHEN 10 THEN '' ELSE pg_get_userbyid(s.subowner)::text END,
                             (SELECT jsonb_agg(name ORDER BY name COLLATE "C") FROM unnest(s.subpublications) AS name))::text,
           NULL, true
    FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'foreign server ' || s.srvname, 'foreign server ' || s.srvname,
           jsonb_build_array(CASE s.srvowner WHEN 10 THEN '' ELSE pg_get_userbyid(s.srvowner)::text END,
                             s.srvtype, s.srvversion, s.srvoptions, w.fdwname,
                             (SELECT jsonb_agg(CASE m.umuser WHEN 0 THEN '' ELSE pg_get_userbyid(m.umuser)::text END
                                               ORDER BY CASE m.umuser WHEN 0 THEN ''
                                                             ELSE pg_get_userbyid(m.umuser)::text END COLLATE "C")
                              FROM pg_user_mappings m WHERE m.srvid = s.oid),
                             (SELECT jsonb_agg(CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END
                                               ORDER BY CASE a.grantee WHEN 0 THEN ''
                                                             ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C")
                              FROM aclexplode(s.srvacl) a WHERE a.grantee <> s.srvowner))::text, NULL,
           true
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    UNION ALL
    SELECT 'extension ' || e.extname, 'extension ' || e.extname,
           jsonb_build_array(quote_ident(n.nspname),
                             CASE e.extowner WHEN 10 THEN '' ELSE pg_get_userbyid(e.extowner)::text END,
                             granted.grants, held.relations, held.functions)::text, NULL, true
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace LEFT JOIN granted ON granted.oid = e.oid
         LEFT JOIN held ON held.oid = e.oid
)
SELECT key, '' AS bare, name, text, '' AS query, readable, coalesce(refs, '{}') AS refs, false AS writes,
       '' AS uncovered
FROM own
