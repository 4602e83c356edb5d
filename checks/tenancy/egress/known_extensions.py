"""Known extensions by their effect on tenant isolation, from their documentation."""

from __future__ import annotations

from typing import Final

# Types, operators, indexes, hashing and logging: no access to files, connections or other sessions.
_HARMLESS: Final = """
    address_standardizer address_standardizer_data_us amcheck autoinc bloom bool_plperl btree_gin btree_gist citext
    cube dict_int dict_xsyn earthdistance fuzzystrmatch hll hstore hstore_plperl hypopg insert_username intagg intarray
    ip4r isn jsonb_plperl ltree moddatetime pg_bigm pg_hashids pg_hint_plan pg_jsonschema pg_partman pg_prewarm
    pg_repack pg_trgm pg_uuidv7 pgaudit pgcrypto pgrouting pgrowlocks pgstattuple pgtap plpgsql plperl plv8 pltcl
    postgis postgis_raster postgis_sfcgal postgis_topology prefix rdkit refint rum seg semver tablefunc timescaledb
    tsm_system_rows tsm_system_time unaccent uuid-ossp vector
"""
HARMLESS_EXTENSIONS: Final = frozenset(_HARMLESS.split())
# Extensions that move data, with their effect. Sources: https://www.postgresql.org/docs/18/contrib.html and the
# documentation of each extension.
EGRESS_EXTENSIONS: Final = {
    "adminpack": "writes files of the server",
    "anon": "dumps tables and runs what its masking rules say",
    "aws_commons": "holds the buckets and credentials that aws_s3 and aws_lambda use",
    "aws_lambda": "sends its arguments to a Lambda function",
    "aws_ml": "sends its arguments to SageMaker or Comprehend",
    "aws_s3": "copies tables to S3 and from it",
    "azure_storage": "copies tables to Azure and from it",
    "dblink": "opens connections to any database, as any user whose password is supplied",
    "file_fdw": "reads files of the server and the output of its programs",
    "http": "sends its arguments to any address",
    "log_fdw": "reads the server's logs, which contain statements of other tenants",
    "mysql_fdw": "reads and writes external databases",
    "oracle_fdw": "reads and writes external databases",
    "orafce": "writes and reads files of the server",
    "pg_cron": "runs scheduled statements as other users, and stores their results",
    "pg_dirtyread": "reads rows past policies",
    "pg_filedump": "reads the files of tables, past policies",
    "pg_logicalinspect": "reads the files of logical replication",
    "pg_net": "sends its arguments to any address",
    "pg_tle": "installs extensions that no superuser has reviewed",
    "pg_transport": "moves whole databases",
    "pg_walinspect": "reads the log of all changes, past policies",
    "pgagent": "runs scheduled statements and programs",
    "pageinspect": "reads the pages of tables, past policies",
    "pglogical": "sends whole tables to other databases",
    "plcoffee": "runs code in CoffeeScript",
    "plperlu": "runs any program with the rights of the server",
    "plproxy": "sends statements to other databases",
    "plpython2u": "runs any program with the rights of the server",
    "plpython3u": "runs any program with the rights of the server",
    "plpythonu": "runs any program with the rights of the server",
    "plr": "runs any program with the rights of the server",
    "plsh": "runs any program with the rights of the server",
    "pltclu": "runs any program with the rights of the server",
    "postgres_fdw": "reads and writes other databases, and this one as another user",
    "redis_fdw": "reads and writes external databases",
    "sqlite_fdw": "reads and writes files of the server",
    "tds_fdw": "reads external databases",
    "tcn": "notifies all sessions of changed rows",
}
DISCLOSING_EXTENSIONS: Final = {
    "auto_explain": "logs statements with the values in them",
    "old_snapshot": "shows how old snapshots are",
    "pg_buffercache": "shows which pages of which tables are in use",
    "pg_freespacemap": "shows how full tables are",
    "pg_qualstats": "shows the values in conditions of other sessions",
    "pg_stat_kcache": "shows the statements of other sessions",
    "pg_stat_monitor": "shows the statements of other sessions",
    "pg_stat_statements": "shows the statements of every session of the same role, and so of other tenants",
    "pg_surgery": "changes rows past policies and triggers",
    "pg_visibility": "shows which pages of tables are in use",
    "pg_wait_sampling": "shows what other sessions wait for",
}
# Functions of these require a superuser or a role with access to everything, whatever the grants of EXECUTE.
SUPERUSER_CHECKED_EXTENSIONS: Final = frozenset({"pageinspect", "pg_filedump", "pg_surgery"})
