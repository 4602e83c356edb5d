-- The expressions of policies and CHECK constraints as PostgreSQL prints them, and whether they can be evaluated
-- without their table: they call only built-in functions that change nothing, and read no relation. The result
-- contains constants, which could be tenants' ids, and is never stored. An expression is ambiguous if its text may be
-- parsed as something else than what is stored: the stored form keeps the casts, operators, functions and types of its
-- time, and the text finds those of today in pg_catalog.
-- Nothing is printed of a table in `locked`, or of a policy that reads one: it would wait.
-- Reads pg_policy, pg_constraint, pg_depend, pg_proc, pg_cast, pg_operator, pg_type; needs CONNECT.
WITH added_name AS (
    SELECT proname AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND oid >= 16384
    UNION SELECT oprname FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oid >= 16384
    UNION SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND oid >= 16384
), added_cast AS (
    -- Between built-in types; another type in an expression is found in the columns of its table.
    SELECT c.castsource, c.casttarget FROM pg_cast c
    WHERE c.oid >= 16384 AND c.castsource < 16384 AND c.casttarget < 16384
), expression AS (
    SELECT polrelid AS relation, oid, 'pg_policy'::regclass AS class, 'using' AS part,
           polqual AS tree, polqual::text AS written
    FROM pg_policy WHERE polqual IS NOT NULL
    UNION ALL
    SELECT polrelid, oid, 'pg_policy'::regclass, 'check', polwithcheck, polwithcheck::text
    FROM pg_policy WHERE polwithcheck IS NOT NULL
    UNION ALL
    SELECT conrelid, oid, 'pg_constraint'::regclass, 'constraint', conbin, conbin::text
    FROM pg_constraint
    WHERE contype = 'c' AND convalidated AND conrelid IN (SELECT polrelid FROM pg_policy)
)
SELECT e.oid,
       e.relation,
       e.part,
       CASE WHEN seen.readable THEN pg_get_expr(e.tree, e.relation) ELSE '' END AS text,
       seen.readable,
       -- A sub-select without a FROM has no range table.
       position(':rtable ({' IN e.written) = 0
       -- No system columns, and no whole-row reference.
       AND e.written !~ ':varattno (-|0)'
       AND NOT EXISTS (SELECT FROM pg_depend d
                       WHERE d.classid = e.class AND d.objid = e.oid AND d.deptype <> 'i'
                         AND NOT (d.refclassid = 'pg_class'::regclass AND d.refobjid = e.relation)
                         AND NOT (d.refclassid = 'pg_type'::regclass
                                  AND d.refobjid IN (SELECT oid FROM pg_type WHERE typtype = 'e')))
       AND NOT EXISTS (SELECT FROM regexp_matches(e.written, ':(?:op)?funcid (\d+)', 'g') AS called(id)
                       JOIN pg_proc f ON f.oid = called.id[1]::oid
                       WHERE f.provolatile = 'v'
                         AND f.proname <> ALL (ARRAY['random', 'clock_timestamp', 'timeofday', 'gen_random_uuid',
                                                       'current_query', 'pg_is_in_recovery']))
       AS standalone,
       EXISTS (SELECT FROM added_cast)
       OR (seen.readable
           AND EXISTS (SELECT FROM added_name n WHERE position(n.name IN pg_get_expr(e.tree, e.relation)) > 0))
       OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_cast c
                         ON t.oid IN (c.castsource, c.casttarget)
                  WHERE a.attrelid = e.relation AND t.oid >= 16384 AND c.oid >= 16384 AND NOT a.attisdropped
                    AND e.written ~ (':vartype ' || t.oid || ' ')
                    AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_cast'::regclass AND x.objid = c.oid
                                      AND x.deptype = 'e'))
       AS ambiguous
FROM expression e
     CROSS JOIN LATERAL (SELECT e.relation <> ALL (%(locked)s::oid[])
                                AND NOT EXISTS (SELECT FROM pg_depend d
                                                WHERE d.classid = e.class AND d.objid = e.oid
                                                  AND d.refclassid = 'pg_class'::regclass
                                                  AND d.refobjid = ANY (%(locked)s::oid[])) AS readable) AS seen
ORDER BY e.relation, e.part, e.oid
