-- The objects of this database that belong to other roles than the bootstrap superuser, and that no other statement reads
-- with their owner: types and domains, operators and their classes, collations, conversions, languages, wrappers,
-- publications and subscriptions.
-- Reads pg_shdepend, pg_type, pg_class, pg_database; needs CONNECT.
SELECT d.refobjid AS owner,
       o.type AS kind,
       o.identity AS name
FROM pg_shdepend d
     CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
     LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
     LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'
  AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND d.classid = ANY (ARRAY['pg_type', 'pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_collation', 'pg_conversion',
                             'pg_language', 'pg_foreign_data_wrapper', 'pg_publication', 'pg_subscription']::regclass[])
  AND coalesce(o.schema, '') !~ '^pg_temp'
  -- The type of a table and the type of an array belong to the owner of the table and of the element.
  AND (t.oid IS NULL OR (t.typelem = 0 AND (t.typrelid = 0 OR c.relkind = 'c')))
ORDER BY 1, 2, 3
