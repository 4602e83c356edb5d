-- The built-in objects that were changed since initdb created them, or that have a property or an owner that PostgreSQL
-- gives to none. template0 is made at the end of initdb, by transaction 749 or an earlier one in versions 14 to 18: a row
-- of a system catalogue that is not older was changed. What is granted is not part of the digest.
-- Reads pg_proc, pg_operator, pg_cast, pg_amop, pg_amproc, pg_opclass, pg_opfamily, pg_aggregate, pg_type, pg_range,
-- pg_am, pg_language, pg_collation, pg_conversion, pg_rewrite, pg_class, pg_database; needs CONNECT.
WITH initdb AS (
    SELECT coalesce(nullif(%(since)s, '')::bigint,
                    least((SELECT xmin::text::bigint FROM pg_database WHERE datname = 'template0'), 760)) AS "end"
), object (kind, name, changed, owner, content, traits) AS (
    SELECT 'function', format('%%I.%%I(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)),
           p.xmin::text::bigint >= initdb.end OR p.prosecdef OR p.proconfig IS NOT NULL
               OR l.lanname NOT IN ('internal', 'c', 'sql'),
           p.proowner,
           ROW(p.proargtypes, p.prokind, p.prosecdef, p.proleakproof, p.proisstrict, p.proretset, p.provolatile, l.lanname,
               p.prosrc, p.probin, p.proconfig, p.prosupport::oid, p.prorettype, p.provariadic, p.proargmodes,
               p.proallargtypes, regexp_replace(p.proargdefaults::text, tree.noise, '', 'g'),
               -- The OIDs from 12000 differ from build to build.
               regexp_replace(regexp_replace(p.prosqlbody::text, tree.noise, '', 'g'), '\m1[2-6]\d{3}\M', '#', 'g'))::text,
           array_remove(ARRAY[
               CASE WHEN p.prosecdef THEN 'is SECURITY DEFINER' END,
               CASE WHEN p.proleakproof THEN 'is LEAKPROOF' END,
               CASE WHEN p.proconfig IS NOT NULL THEN 'has settings of its own' END,
               CASE WHEN l.lanname NOT IN ('internal', 'c', 'sql') THEN 'is written in ' || l.lanname END], NULL)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, initdb,
         (VALUES (' :(\w*_)?location -?\d+| :stmt_len -?\d+| :list_(start|end) -?\d+')) AS tree (noise)
    WHERE p.oid < 16384
    UNION ALL
    SELECT 'operator', format('%%I.%%s(%%s, %%s)', n.nspname, o.oprname, format_type(o.oprleft, NULL),
                              format_type(o.oprright, NULL)),
           o.xmin::text::bigint >= initdb.end, o.oprowner,
           ROW(o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprresult, o.oprcom, o.oprnegate, o.oprcode::oid, o.oprrest::oid,
               o.oprjoin::oid)::text, '{}'
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace, initdb WHERE o.oid < 16384
    UNION ALL
    SELECT 'cast', format('%%s AS %%s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
           c.xmin::text::bigint >= initdb.end, 10::oid, ROW(c.castfunc, c.castcontext, c.castmethod)::text, '{}'
    FROM pg_cast c, initdb WHERE c.oid < 16384
    UNION ALL
    SELECT 'operator family member', format('operator %%s of %%I (%%s, %%s)', m.amopstrategy, f.opfname,
                                            format_type(m.amoplefttype, NULL), format_type(m.amoprighttype, NULL)),
           m.xmin::text::bigint >= initdb.end, f.opfowner,
           ROW(m.amopfamily, m.amoppurpose, m.amopopr, m.amopmethod, m.amopsortfamily)::text, '{}'
    FROM pg_amop m JOIN pg_opfamily f ON f.oid = m.amopfamily, initdb WHERE m.amopfamily < 16384
    UNION ALL
    SELECT 'operator family member', format('function %%s of %%I (%%s, %%s)', m.amprocnum, f.opfname,
                                            format_type(m.amproclefttype, NULL), format_type(m.amprocrighttype, NULL)),
           m.xmin::text::bigint >= initdb.end, f.opfowner, ROW(m.amprocfamily, m.amproc::oid)::text, '{}'
    FROM pg_amproc m JOIN pg_opfamily f ON f.oid = m.amprocfamily, initdb WHERE m.amprocfamily < 16384
    UNION ALL
    SELECT 'operator class', format('%%I for %%s', c.opcname, m.amname), c.xmin::text::bigint >= initdb.end, c.opcowner,
           ROW(c.opcfamily, c.opcintype, c.opcdefault, c.opckeytype)::text, '{}'
    FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod, initdb WHERE c.oid < 16384
    UNION ALL
    SELECT 'aggregate', format('%%I(%%s)', p.proname, oidvectortypes(p.proargtypes)),
           a.xmin::text::bigint >= initdb.end, p.proowner,
           ROW(a.aggkind, a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid, a.aggserialfn::oid,
               a.aggdeserialfn::oid, a.aggmtransfn::oid, a.aggminvtransfn::oid, a.aggmfinalfn::oid, a.aggsortop,
               a.aggtranstype, a.agginitval)::text, '{}'
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid, initdb WHERE p.oid < 16384
    UNION ALL
    SELECT 'type', format_type(t.oid, NULL), t.xmin::text::bigint >= initdb.end, t.typowner,
           ROW(t.typlen, t.typbyval, t.typtype, t.typcategory, t.typinput::oid, t.typoutput::oid, t.typreceive::oid,
               t.typsend::oid, t.typbasetype, t.typelem, t.typanalyze::oid, t.typmodin::oid, t.typmodout::oid)::text, '{}'
    FROM pg_type t, initdb WHERE t.oid < 12000
    UNION ALL
    SELECT 'range type', format_type(r.rngtypid, NULL), r.xmin::text::bigint >= initdb.end, 10::oid,
           ROW(r.rngsubtype, r.rngcollation, r.rngsubopc, r.rngcanonical::oid, r.rngsubdiff::oid)::text, '{}'
    FROM pg_range r, initdb WHERE r.rngtypid < 16384
    UNION ALL
    SELECT 'access method', m.amname, m.xmin::text::bigint >= initdb.end, 10::oid,
           ROW(m.amhandler::oid, m.amtype)::text, '{}'
    FROM pg_am m, initdb WHERE m.oid < 16384
    UNION ALL
    SELECT 'language', l.lanname, l.xmin::text::bigint >= initdb.end OR l.lanpltrusted <> (l.lanname IN ('sql', 'plpgsql')),
           l.lanowner,
           ROW(l.lanispl, l.lanpltrusted, h.proname, i.proname, v.proname)::text, '{}'
    FROM pg_language l LEFT JOIN pg_proc h ON h.oid = l.lanplcallfoid LEFT JOIN pg_proc i ON i.oid = l.laninline
         LEFT JOIN pg_proc v ON v.oid = l.lanvalidator, initdb
    WHERE l.oid < 16384
    UNION ALL
    -- A collation gets another version with every library of the operating system.
    SELECT 'collation', format('%%I.%%I', n.nspname, c.collname), NOT c.collisdeterministic, c.collowner,
           ROW(c.collisdeterministic)::text, '{}'
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid < 16384
    UNION ALL
    SELECT 'conversion', c.conname, c.xmin::text::bigint >= initdb.end, c.conowner, ROW(c.conproc::oid, c.condefault)::text,
           '{}'
    FROM pg_conversion c, initdb WHERE c.oid < 16384
    UNION ALL
    SELECT 'view', format('%%I.%%I', n.nspname, c.relname)
                   || CASE WHEN w.rulename = '_RETURN' THEN '' ELSE ', rule ' || w.rulename END,
           changed.is, c.relowner, CASE WHEN changed.is THEN ROW(pg_get_ruledef(w.oid), c.reloptions)::text END,
           -- https://www.postgresql.org/support/security/CVE-2024-4317/: a server that was updated keeps its views.
           CASE WHEN c.relname ~ '^pg_stats_ext' AND pg_get_ruledef(w.oid) !~ 'pg_has_role'
                THEN ARRAY['lacks the fix of CVE-2024-4317'] ELSE '{}' END
    FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace, initdb,
         LATERAL (SELECT w.xmin::text::bigint >= initdb.end OR w.oid >= 16384 OR c.xmin::text::bigint >= initdb.end
                         OR c.relname ~ '^pg_stats_ext' AS "is") AS changed
    WHERE c.oid < 16384
)
SELECT kind,
       name,
       traits,
       CASE WHEN owner <> 10 THEN pg_get_userbyid(owner) ELSE '' END AS owner,
       'sha256:' || encode(sha256(convert_to(concat_ws(' ', kind, name, content), 'UTF8')), 'hex') AS digest,
       -- The fourth part of a function is proleakproof.
       CASE WHEN kind = 'function'
            THEN 'sha256:' || encode(sha256(convert_to(concat_ws(' ', kind, name, regexp_replace(
                     content, '^(\(("[^"]*"|[^,"]*),[^,]*,[ft],)f,', '\1t,')), 'UTF8')), 'hex')
            ELSE '' END AS leakproof_digest
FROM object
WHERE changed OR owner <> 10
ORDER BY 1, 2
