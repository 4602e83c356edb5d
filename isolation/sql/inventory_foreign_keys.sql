-- Every foreign key of a table that is not temporary.
-- Reads pg_constraint, pg_class; needs CONNECT.
SELECT k.conrelid AS relation,
       k.conname AS name,
       k.conkey AS columns,
       k.confrelid AS target,
       k.confkey AS target_columns,
       k.confdeltype::text AS on_delete,
       k.confupdtype::text AS on_update,
       k.convalidated AS validated
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relpersistence <> 't'
WHERE k.contype = 'f'
ORDER BY k.conrelid, k.conname, k.confrelid
