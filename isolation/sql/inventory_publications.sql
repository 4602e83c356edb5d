-- Every publication and its tables. Before version 15 a publication has no schemas and no row filters. The digest covers
-- the published tables with REPLICA IDENTITY FULL, whose old rows are sent too.
-- Reads pg_publication, pg_publication_rel, pg_class; needs CONNECT.
SELECT p.pubname AS name,
       p.pubowner AS owner,
       p.puballtables AS all_tables,
       '{}'::text[] AS schemas,
       coalesce(r.relations, '{}') AS relations,
       coalesce(r.filtered, '{}') AS filtered,
       'sha256:' || encode(sha256(convert_to(regexp_replace(concat_ws(' ', to_jsonb(p) - 'oid', r.whole, full_identity.names),
           ' :(\w*_)?location -?\d+| :list_(start|end) -?\d+', '', 'g'), 'UTF8')), 'hex') AS digest
FROM pg_publication p
     LEFT JOIN LATERAL (
         SELECT array_agg(x.prrelid ORDER BY x.prrelid) AS relations,
                array_agg(x.prrelid ORDER BY x.prrelid) FILTER (WHERE to_jsonb(x) ->> 'prqual' IS NOT NULL) AS filtered,
                jsonb_agg(to_jsonb(x) - 'oid' ORDER BY x.prrelid) AS whole
         FROM pg_publication_rel x WHERE x.prpubid = p.oid
     ) r ON true
     LEFT JOIN LATERAL (
         SELECT string_agg(format('%%I.%%I', n.nspname, c.relname), ' ' ORDER BY n.nspname, c.relname) AS names
         FROM pg_get_publication_tables(p.pubname) t
              JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relreplident = 'f'
     ) full_identity ON true
ORDER BY p.pubname
