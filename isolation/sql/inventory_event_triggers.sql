-- Every event trigger.
-- Reads pg_event_trigger; needs CONNECT.
SELECT e.evtname AS name,
       e.evtevent AS event,
       e.evtenabled::text AS enabled,
       e.evtowner AS owner,
       e.evtfoid AS function
FROM pg_event_trigger e
ORDER BY e.evtname
