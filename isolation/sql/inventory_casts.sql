-- Every user-defined cast; built-in casts have OIDs below 16384.
-- Reads pg_cast, pg_depend, pg_extension; needs CONNECT.
SELECT c.castsource AS source,
       c.casttarget AS target,
       c.castfunc AS function,
       c.castcontext::text AS context,
       coalesce((SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                 WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                   AND d.refclassid = 'pg_extension'::regclass LIMIT 1), '') AS extension
FROM pg_cast c
WHERE c.oid >= 16384
ORDER BY 1, 2
