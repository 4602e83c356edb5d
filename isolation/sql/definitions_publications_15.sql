-- What a digest covers of a publication since version 15: its row filters, and its schemas with their tables.
-- Reads pg_publication, pg_publication_rel, pg_publication_namespace, pg_class, pg_namespace; needs CONNECT. No row filter of a table in
-- `locked` is printed: it would wait.
SELECT 'published ' || p.pubname AS key,
       '' AS bare,
       'contents of the publication ' || p.pubname AS name,
       jsonb_build_array(
           (SELECT jsonb_agg(jsonb_build_array(x.prrelid::regclass::text, CASE WHEN x.prrelid <> ALL (%(locked)s::oid[])
                                                                               THEN pg_get_expr(x.prqual, x.prrelid) END)
                             ORDER BY x.prrelid::regclass::text COLLATE "C")
            FROM pg_publication_rel x WHERE x.prpubid = p.oid),
           (SELECT jsonb_agg(jsonb_build_array(
                       n.nspname,
                       (SELECT jsonb_agg(c.relname ORDER BY c.relname COLLATE "C") FROM pg_class c
                        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition))
                       ORDER BY n.nspname COLLATE "C")
            FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid))::text AS text,
       '' AS query,
       NOT EXISTS (SELECT FROM pg_publication_rel x
                   WHERE x.prpubid = p.oid AND x.prqual IS NOT NULL AND x.prrelid = ANY (%(locked)s::oid[])) AS readable,
       '{}'::text[] AS refs,
       false AS writes,
       '' AS uncovered
FROM pg_publication p
