-- One sha256 over every catalogue row that the proof depends on, without columns that change by themselves (statistics,
-- freezing, files, hints such as relhasindex). It covers OIDs, so dropping and re-creating an object changes it.
-- Reads the catalogues named below, readable by all; needs CONNECT.
WITH place AS MATERIALIZED (
    SELECT oid FROM pg_namespace
    WHERE nspname <> 'pg_toast' AND nspname !~ '^pg_(toast_)?temp_'
), relation AS MATERIALIZED (
    SELECT c.* FROM pg_class c WHERE c.oid >= 16384 AND c.relnamespace IN (SELECT oid FROM place)
), here AS MATERIALIZED (
    SELECT oid FROM pg_database WHERE datname = current_database()
), line (catalogue, content) AS (
    SELECT 'relation', ROW(oid, relname, relnamespace, reltype, relowner, relkind, relispartition, relrowsecurity,
                           relforcerowsecurity, relpersistence, relreplident, reloptions, relacl)::text FROM relation
    UNION ALL
    SELECT 'attribute', ROW(a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef,
                            a.attidentity, a.attgenerated, a.attcollation, a.attacl, a.attisdropped)::text
    FROM pg_attribute a JOIN relation c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'default', ROW(d.oid, d.adrelid, d.adnum, d.adbin)::text FROM pg_attrdef d
    WHERE d.adrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'policy', p::text FROM pg_policy p WHERE p.polrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'role', ROW(oid, rolname, rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb, rolreplication,
                       rolcanlogin)::text FROM pg_roles
    UNION ALL
    SELECT 'membership', m::text FROM pg_auth_members m
    UNION ALL
    SELECT 'setting', s::text FROM pg_db_role_setting s WHERE s.setdatabase IN (0, (SELECT oid FROM here))
    UNION ALL
    SELECT 'default grant', d::text FROM pg_default_acl d
    UNION ALL
    SELECT 'schema', n::text FROM pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp_'
    UNION ALL
    SELECT 'database', ROW(d.oid, d.datname, d.datdba, d.datacl)::text FROM pg_database d
    WHERE d.oid = (SELECT oid FROM here)
    UNION ALL
    SELECT 'function', p::text FROM pg_proc p
    WHERE p.oid >= 16384 AND p.pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp')
    UNION ALL
    SELECT 'function grant', ROW(p.oid, p.proowner, p.proacl)::text FROM pg_proc p
    WHERE p.oid < 16384 AND (p.proacl IS NOT NULL OR p.proowner <> 10)
    UNION ALL
    SELECT 'operator', o::text FROM pg_operator o
    WHERE o.oid >= 16384 AND o.oprnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp')
    UNION ALL
    SELECT 'cast', c::text FROM pg_cast c WHERE c.oid >= 16384
    UNION ALL
    SELECT 'built-in operator', ROW(o.*, p.proname, p.prosrc, p.provolatile, p.proleakproof)::text
    FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
    WHERE o.oid = ANY (%(operator)s::text[]::oid[])
    UNION ALL
    SELECT 'built-in function', p::text FROM pg_proc p WHERE p.oid = ANY (%(function)s::text[]::oid[])
    UNION ALL
    SELECT 'type', ROW(t.oid, t.typname, t.typnamespace, t.typowner, t.typtype, t.typinput, t.typoutput, t.typbasetype,
                       t.typacl)::text
    FROM pg_type t WHERE t.oid = ANY (%(type)s::text[]::oid[]) OR (t.oid < 16384 AND t.typacl IS NOT NULL)
    UNION ALL
    SELECT 'collation', ROW(c.oid, c.collname, c.collnamespace, c.collisdeterministic)::text FROM pg_collation c
    WHERE c.oid >= 16384 AND c.collnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp')
    UNION ALL
    SELECT 'trigger', ROW(t.oid, t.tgrelid, t.tgname, t.tgfoid, t.tgtype, t.tgenabled, t.tgisinternal, t.tgconstraint,
                          t.tgattr, t.tgargs, t.tgqual)::text FROM pg_trigger t
    WHERE t.tgrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'rule', ROW(w.oid, w.rulename, w.ev_class, w.ev_type, w.ev_enabled, w.is_instead, w.ev_qual,
                       w.ev_action)::text FROM pg_rewrite w
    WHERE w.ev_class IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'index', ROW(i.indexrelid, i.indrelid, i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate,
                        i.indisvalid, i.indislive, i.indisreplident, i.indkey, i.indcollation, i.indclass, i.indexprs, i.indpred,
                        to_jsonb(i) ->> 'indnullsnotdistinct')::text FROM pg_index i
    WHERE i.indrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'constraint', k::text FROM pg_constraint k
    WHERE k.conrelid IN (SELECT oid FROM relation) OR k.contypid >= 16384
    UNION ALL
    SELECT 'user type', ROW(t.oid, t.typname, t.typnamespace, t.typtype, t.typinput, t.typoutput, t.typbasetype,
                            t.typnotnull, t.typdefault)::text
    FROM pg_type t WHERE t.oid >= 16384 AND t.typtype <> 'c' AND t.typelem = 0
      AND t.typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_')
    UNION ALL
    SELECT 'label', ROW(e.enumtypid, e.enumlabel, e.enumsortorder)::text FROM pg_enum e
    UNION ALL
    SELECT 'aggregate', g::text FROM pg_aggregate g WHERE g.aggfnoid::oid >= 16384
    UNION ALL
    SELECT 'domain constraint', k::text FROM pg_constraint k WHERE k.contypid >= 16384
    UNION ALL
    SELECT 'inheritance', i::text FROM pg_inherits i WHERE i.inhrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT 'publication', p::text FROM pg_publication p
    UNION ALL
    SELECT 'published', p::text FROM pg_publication_rel p
    UNION ALL
    SELECT 'subscription', ROW(s.oid, s.subname, s.subowner, s.subenabled, s.subpublications)::text
    FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM here)
    UNION ALL
    SELECT 'slot', ROW(s.slot_name, s.plugin, s.slot_type)::text FROM pg_replication_slots s
    WHERE s.slot_type = 'logical' AND s.database = current_database() AND NOT s.temporary
    UNION ALL
    SELECT 'extension', e::text FROM pg_extension e
    UNION ALL
    SELECT 'foreign data wrapper', f::text FROM pg_foreign_data_wrapper f
    UNION ALL
    SELECT 'foreign server', s::text FROM pg_foreign_server s
    UNION ALL
    SELECT 'foreign table', f::text FROM pg_foreign_table f
    UNION ALL
    SELECT 'user mapping', ROW(m.umid, m.srvid, m.umuser)::text FROM pg_user_mappings m
    UNION ALL
    SELECT 'event trigger', e::text FROM pg_event_trigger e
    UNION ALL
    SELECT 'language', l::text FROM pg_language l
    UNION ALL
    SELECT 'large object', ROW(l.lomowner, l.lomacl)::text FROM pg_largeobject_metadata l GROUP BY l.lomowner, l.lomacl
    UNION ALL
    -- The rows of built-in objects that are not older than the end of initdb: see inventory_system_changes.
    SELECT 'system change', ROW(changed.*)::text
    FROM (SELECT 'proc', oid::text, xmin::text FROM pg_proc WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'operator', oid::text, xmin::text FROM pg_operator WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'cast', oid::text, xmin::text FROM pg_cast WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'amop', oid::text, xmin::text FROM pg_amop WHERE amopfamily < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'amproc', oid::text, xmin::text FROM pg_amproc WHERE amprocfamily < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'opclass', oid::text, xmin::text FROM pg_opclass WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'aggregate', aggfnoid::oid::text, xmin::text FROM pg_aggregate
          WHERE aggfnoid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'type', oid::text, xmin::text FROM pg_type WHERE oid < 12000 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'range', rngtypid::text, xmin::text FROM pg_range WHERE rngtypid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'am', oid::text, xmin::text FROM pg_am WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'conversion', oid::text, xmin::text FROM pg_conversion WHERE oid < 16384 AND xmin::text::bigint >= 700
          UNION ALL
          SELECT 'collation', collname::text, '' FROM pg_collation WHERE oid < 16384 AND NOT collisdeterministic
          UNION ALL
          SELECT 'rule', oid::text, xmin::text FROM pg_rewrite
          WHERE ev_class < 16384 AND (oid >= 16384 OR xmin::text::bigint >= 700)
          UNION ALL
          SELECT 'view', oid::text, reloptions::text FROM pg_class
          WHERE oid < 16384 AND relkind = 'v' AND xmin::text::bigint >= 700) AS changed (catalogue, id, version)
    UNION ALL
    SELECT 'initial privileges', ROW(i.objoid, i.classoid, i.objsubid, i.initprivs)::text FROM pg_init_privs i
    WHERE i.objoid < 16384 AND i.xmin::text::bigint >= 700
    UNION ALL
    SELECT 'domain constraint', k::text FROM pg_constraint k WHERE k.contypid >= 16384
    UNION ALL
    SELECT 'aggregate', ROW(a.aggfnoid::oid, a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid, a.aggmtransfn::oid,
                            a.aggminvtransfn::oid, a.aggmfinalfn::oid)::text FROM pg_aggregate a WHERE a.aggfnoid >= 16384
    UNION ALL
    SELECT 'owner', ROW(o.*)::text
    FROM (SELECT 'type', oid, typowner, typnamespace FROM pg_type WHERE typelem = 0 AND typrelid = 0
          UNION ALL
          SELECT 'class', oid, opcowner, opcnamespace FROM pg_opclass
          UNION ALL
          SELECT 'family', oid, opfowner, opfnamespace FROM pg_opfamily
          UNION ALL
          SELECT 'collation', oid, collowner, collnamespace FROM pg_collation
          UNION ALL
          SELECT 'conversion', oid, conowner, connamespace FROM pg_conversion) AS o (kind, oid, owner, namespace)
    WHERE o.oid >= 16384 AND o.namespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp')
    UNION ALL
    SELECT 'system relation', ROW(c.oid, c.relowner, c.relacl)::text FROM pg_class c
    WHERE (c.oid < 16384 OR c.relnamespace NOT IN (SELECT oid FROM place))
      AND (c.relacl IS NOT NULL OR (c.oid < 16384 AND c.relowner <> 10))
      AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_')
    UNION ALL
    SELECT 'system column', ROW(a.attrelid, a.attnum, a.attacl)::text FROM pg_attribute a
    WHERE a.attacl IS NOT NULL AND a.attrelid < 16384
)
SELECT encode(sha256(convert_to(string_agg(hash, '' ORDER BY hash COLLATE "C"), 'UTF8')), 'hex') AS value,
       current_setting('server_version_num')::int AS version
FROM (SELECT md5(catalogue || content) AS hash FROM line) AS each
