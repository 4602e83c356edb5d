-- Every user-defined function in any schema; in PostgreSQL's own not those of extensions and of RDS.
-- `body` and `tree` are read for short functions only, which may be helpers of policies; their
-- constants are redacted before anything is stored. `body_keywords` are relevant words of the body;
-- `mentioned_relations` are the relations of any schema whose names occur in the body.
-- Of a standard body that names a table in `locked`, the words are those of its tree: to print it would wait.
-- Reads pg_proc, pg_language, pg_depend, pg_extension, pg_class; needs CONNECT.
WITH member AS (
    SELECT d.objid AS oid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
), waiting AS (
    SELECT DISTINCT objid AS oid FROM pg_depend
    WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = ANY (%(locked)s::oid[])
), own AS (
    SELECT p.*, n.nspname, l.lanname, l.lanpltrusted, coalesce(member.extname, '') AS extname,
           CASE WHEN l.lanname IN ('c', 'internal') THEN ''
                WHEN p.prosqlbody IS NULL OR p.oid NOT IN (SELECT oid FROM waiting)
                THEN coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
                ELSE concat_ws(' ',
                    (SELECT string_agg(DISTINCT f.proname, ' ')
                     FROM regexp_matches(p.prosqlbody::text, ':(?:\w*funcid|\w*fnoid) (\d+)', 'g') AS m
                          JOIN pg_proc f ON f.oid = m[1]::oid),
                    (SELECT string_agg(DISTINCT (ARRAY['update', 'insert', 'delete', 'merge'])[m[1]::int - 1], ' ')
                     FROM regexp_matches(p.prosqlbody::text, ':commandType ([2-5])', 'g') AS m),
                    (SELECT string_agg(quote_ident(c.relname), ' ')
                     FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid
                     WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass),
                    CASE WHEN p.prosqlbody::text LIKE '%%SQLVALUEFUNCTION%%' THEN 'current_user session_user user' END,
                    (SELECT string_agg(context, ' ')
                     FROM unnest(%(context)s::text[]) AS context,
                          LATERAL (SELECT string_agg(get_byte(convert_to(context, 'UTF8'), n)::text, ' ' ORDER BY n) AS bytes
                                   FROM generate_series(0, octet_length(context) - 1) AS n) AS written
                     WHERE strpos(p.prosqlbody::text, written.bytes) > 0))
                END AS code,
           regexp_replace(p.prosqlbody::text,
                          ' :(\w*_)?location -?\d+| :stmt_len -?\d+| :list_(start|end) -?\d+', '', 'g') AS tree
    FROM pg_proc p
         JOIN pg_namespace n ON n.oid = p.pronamespace
         JOIN pg_language l ON l.oid = p.prolang
         LEFT JOIN member ON member.oid = p.oid
    -- OIDs from 16384 are those of user-defined objects.
    WHERE p.oid >= 16384
      AND CASE WHEN n.nspname IN ('pg_catalog', 'information_schema')
                    THEN member.oid IS NULL AND pg_get_userbyid(p.proowner) <> 'rdsadmin'
                    ELSE n.nspname !~ '^pg_(toast|temp)' END
), word AS (
    SELECT own.oid, coalesce(replace(m[1], '""', '"'), lower(m[2])) AS word
    FROM own, regexp_matches(own.code, '"((?:[^"]|"")+)"|([[:alpha:]_][[:alnum:]_$]*)', 'g') AS m
), name AS (
    SELECT word.oid, array_agg(DISTINCT c.oid) AS mentioned_relations
    FROM word JOIN pg_class c ON c.relname = word.word AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    WHERE c.oid >= 16384
    GROUP BY 1
), mention AS (
    SELECT word.oid, array_agg(DISTINCT word.word ORDER BY word.word) AS words
    FROM word
    WHERE word.word ~ '^(lo|dblink|postgres_fdw|aws|http|curl|cron|pg_read|pg_ls|pg_stat_file|pg_notify|pg_terminate)'
       OR word.word = ANY ('{set_config,current_setting,notify,listen,execute,copy,perform,insert,update,delete,merge,
                            truncate,alter,create,drop,grant,revoke,set,reset,discard,role,authorization,
                            session_replication_role,row_security,search_path,security,disable,enable,prepare,commit,
                            rollback,raise,into,current_user,session_user,user,random,now,clock_timestamp,
                            query_to_xml,table_to_xml,cursor_to_xml,schema_to_xml,database_to_xml,
                            pg_sleep,pg_cancel_backend,pg_reload_conf,pg_logical_emit_message}'::text[])
    GROUP BY 1
), need AS (
    SELECT objid AS oid, array_agg(DISTINCT refobjid) AS referenced_relations FROM pg_depend
    WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass
    GROUP BY 1
)
SELECT own.oid,
       own.nspname AS schema,
       format('%%I.%%I(%%s)', own.nspname, own.proname,
              (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY n)
               FROM unnest(own.proargtypes) WITH ORDINALITY AS a (t, n))) AS name,
       own.proowner AS owner,
       own.lanname AS language,
       own.lanpltrusted OR own.lanname = 'sql' AS trusted_language,
       own.prokind::text AS kind,
       own.prorettype AS return_type,
       own.proretset AS returns_set,
       own.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) AS returns_trigger,
       own.pronargs::int AS argument_count,
       CASE WHEN own.proargnames IS NULL THEN '{}' ELSE
       ARRAY(SELECT coalesce(a.name, '') FROM unnest(own.proargnames) WITH ORDINALITY AS a (name, at)
             WHERE own.proargmodes IS NULL OR own.proargmodes[a.at] IN ('i', 'b', 'v') ORDER BY a.at) END
             AS argument_names,
       own.prosecdef AS security_definer,
       own.proleakproof AS leakproof,
       own.provolatile::text AS volatility,
       CASE WHEN own.proconfig IS NULL THEN '{}' ELSE
       ARRAY(SELECT lower(split_part(line, '=', 1)) FROM unnest(own.proconfig) AS line ORDER BY 1) END AS settings,
       CASE WHEN own.proconfig IS NOT NULL THEN
       (SELECT substr(line, 13) FROM unnest(own.proconfig) AS line WHERE line LIKE 'search\_path=%%') END AS search_path,
       CASE WHEN own.lanname IN ('sql', 'plpgsql') AND length(own.prosrc) <= 4000 THEN own.prosrc
            ELSE '' END AS body,
       CASE WHEN length(own.tree) <= 40000 THEN own.tree END AS tree,
       ARRAY(SELECT unnest(mention.words)
             UNION SELECT context FROM unnest(%(context)s::text[]) AS context
                   WHERE strpos(lower(own.code), lower(context)) > 0
             ORDER BY 1) AS body_keywords,
       coalesce(need.referenced_relations, '{}') AS referenced_relations,
       coalesce(name.mentioned_relations, '{}') AS mentioned_relations,
       -- The default is written out: a sub-select for each function is what takes time.
       CASE WHEN own.proacl IS NULL THEN json_build_array(
           json_build_object('grantee', 0, 'privilege', 'EXECUTE', 'grantable', false),
           json_build_object('grantee', own.proowner::int8, 'privilege', 'EXECUTE', 'grantable', false))
       ELSE
       (SELECT coalesce(json_agg(json_build_object('grantee', a.grantee::int8, 'privilege', a.privilege_type,
                                                   'grantable', a.is_grantable)), '[]')
        FROM aclexplode(own.proacl) a) END AS grants,
       own.extname AS extension
FROM own
     LEFT JOIN name USING (oid)
     LEFT JOIN mention USING (oid)
     LEFT JOIN need USING (oid)
ORDER BY 2, 3
LIMIT %(most)s::int
