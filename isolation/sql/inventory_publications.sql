-- Every publication and its tables. Before version 15 a publication has no schemas and no row filters. The digest covers
-- the published tables with REPLICA IDENTITY FULL, whose old rows are sent too.
-- Reads pg_publication, pg_publication_rel, pg_class; needs CONNECT.
SELECT p.pubname AS name,
       p.pubowner AS owner,
       p.puballtables AS all_tables,
       '{}'::text[] AS schemas,
       coalesce(r.relations, '{}') AS relations,
       coalesce(r.filtered, '{}') AS filtered
FROM pg_publication p
     LEFT JOIN LATERAL (
         SELECT array_agg(x.prrelid ORDER BY x.prrelid) AS relations,
                array_agg(x.prrelid ORDER BY x.prrelid) FILTER (WHERE to_jsonb(x) ->> 'prqual' IS NOT NULL) AS filtered
         FROM pg_publication_rel x WHERE x.prpubid = p.oid
     ) r ON true
ORDER BY p.pubname
