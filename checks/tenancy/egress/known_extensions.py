"""Extensions by what they can do to the isolation of tenants, as their documentation says it."""

from __future__ import annotations

from typing import Final

# Types, operators, indexes, hashing and logging: they read no file, open no connection and show no other session.
_HARMLESS: Final = """
    address_standardizer address_standardizer_data_us amcheck autoinc bloom bool_plperl btree_gin btree_gist citext
    cube dict_int dict_xsyn earthdistance fuzzystrmatch hll hstore hstore_plperl hypopg insert_username intagg intarray
    ip4r isn jsonb_plperl ltree moddatetime pg_bigm pg_hashids pg_hint_plan pg_jsonschema pg_partman pg_prewarm
    pg_repack pg_trgm pg_uuidv7 pgaudit pgcrypto pgrouting pgrowlocks pgstattuple pgtap plpgsql plperl plv8 pltcl
    postgis postgis_raster postgis_sfcgal postgis_topology prefix rdkit refint rum seg semver tablefunc timescaledb
    tsm_system_rows tsm_system_time unaccent uuid-ossp vector
"""
HARMLESS_EXTENSIONS: Final = frozenset(_HARMLESS.split())
# What the others can do. Sources: https://www.postgresql.org/docs/18/contrib.html and each extension's documentation.
EGRESS_EXTENSIONS: Final = {
    "adminpack": "writes files of the server",
    "anon": "dumps tables and runs what its masking rules say",
    "aws_commons": "names the buckets and credentials that aws_s3 and aws_lambda use",
    "aws_lambda": "sends what it is given to a Lambda function",
    "aws_ml": "sends what it is given to SageMaker or Comprehend",
    "aws_s3": "copies tables to S3 and from it",
    "azure_storage": "copies tables to Azure and from it",
    "dblink": "opens connections to any database, as any user whose password it is given",
    "file_fdw": "reads files of the server and the output of its programs",
    "http": "sends what it is given to any address",
    "log_fdw": "reads the server's logs, where other tenants' statements are",
    "mysql_fdw": "reads and writes databases elsewhere",
    "oracle_fdw": "reads and writes databases elsewhere",
    "orafce": "writes and reads files of the server",
    "pg_cron": "runs statements later and as other users, and keeps what came of them",
    "pg_dirtyread": "reads rows past policies",
    "pg_filedump": "reads the files of tables, past policies",
    "pg_logicalinspect": "reads what logical replication keeps",
    "pg_net": "sends what it is given to any address",
    "pg_tle": "installs extensions that no superuser has read",
    "pg_transport": "moves whole databases",
    "pg_walinspect": "reads the log of all changes, past policies",
    "pgagent": "runs statements and programs later",
    "pageinspect": "reads the pages of tables, past policies",
    "pglogical": "sends whole tables to other databases",
    "plcoffee": "runs code that no reader of SQL reads",
    "plperlu": "runs anything that the server's user may run",
    "plproxy": "sends statements to other databases",
    "plpython2u": "runs anything that the server's user may run",
    "plpython3u": "runs anything that the server's user may run",
    "plpythonu": "runs anything that the server's user may run",
    "plr": "runs anything that the server's user may run",
    "plsh": "runs anything that the server's user may run",
    "pltclu": "runs anything that the server's user may run",
    "postgres_fdw": "reads and writes other databases, and this one as another user",
    "redis_fdw": "reads and writes databases elsewhere",
    "sqlite_fdw": "reads and writes files of the server",
    "tds_fdw": "reads databases elsewhere",
    "tcn": "tells every session which rows changed",
}
DISCLOSING_EXTENSIONS: Final = {
    "auto_explain": "logs statements with the values in them",
    "old_snapshot": "shows how old snapshots are",
    "pg_buffercache": "shows which pages of which tables are in use",
    "pg_freespacemap": "shows how full tables are",
    "pg_qualstats": "shows the values that other sessions compare with",
    "pg_stat_kcache": "shows the statements of other sessions",
    "pg_stat_monitor": "shows the statements of other sessions",
    "pg_stat_statements": "shows the statements of every session of the same role, and so of other tenants",
    "pg_surgery": "changes rows past policies and triggers",
    "pg_visibility": "shows which pages of tables are in use",
    "pg_wait_sampling": "shows what other sessions wait for",
}
# In these, the server asks for a superuser, or for a role that sees everything, whoever was granted EXECUTE.
SUPERUSER_CHECKED_EXTENSIONS: Final = frozenset({"pageinspect", "pg_filedump", "pg_surgery"})
