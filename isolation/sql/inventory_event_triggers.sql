-- Every event trigger. `source` is the source of a built-in function; `extra` is a digest of the tags.
-- Reads pg_event_trigger, pg_proc, pg_namespace; needs CONNECT.
SELECT e.evtname AS name,
       e.evtevent AS event,
       e.evtenabled::text AS enabled,
       e.evtowner AS owner,
       e.evtfoid AS function,
       CASE WHEN n.nspname = 'pg_catalog' THEN f.prosrc ELSE '' END AS source,
       coalesce(encode(sha256(convert_to(e.evttags::text, 'UTF8')), 'hex'), '') AS extra
FROM pg_event_trigger e JOIN pg_proc f ON f.oid = e.evtfoid JOIN pg_namespace n ON n.oid = f.pronamespace
ORDER BY e.evtname
