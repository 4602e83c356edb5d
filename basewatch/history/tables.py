"""The tables of the history, as the migrations create them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

from basewatch.history.columns import CompressedJson, JsonText, UtcTimestamp

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("started", UtcTimestamp, nullable=False),
    Column("finished", UtcTimestamp, nullable=False),
    Column("window_start", UtcTimestamp, nullable=False),
    Column("window_end", UtcTimestamp, nullable=False),
    Column("version", Text, nullable=False),
    Column("config_digest", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("expected", JsonText, nullable=False),
    Column("components", JsonText, nullable=False),
    Column("notes", JsonText, nullable=False),
    Column("series", CompressedJson, nullable=False),
    # Unique, so that no two runs follow the same run: the chain does not fork.
    Column("previous_seal", Text, nullable=False, unique=True),
    Column("seal", Text, nullable=False, unique=True),
    Column("scope", Text, nullable=False, server_default="", comment="empty for a pass over everything"),
    Column("intervals", JsonText, nullable=False, server_default="[]"),
)

findings = Table(
    "findings",
    metadata,
    Column("run", ForeignKey("runs.sequence"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("reason", Text),
    Column("observed", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("controls", JsonText, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("affected", JsonText, nullable=False, server_default="[]"),
    Column("cause", Text, nullable=False, server_default="", comment="key of the finding that explains it"),
    Column("source", Text, nullable=False, server_default="", comment="where an UNVERIFIED one could not look"),
    Column("action", Text, nullable=False, server_default="", comment="what it asked there"),
    Column("since", UtcTimestamp, comment="when a FAIL began, where its facts tell"),
    Index("findings_by_key", "key", "run"),
)

# Facts are stored once for each digest; run_evidence records which run read them, from where, and when.
evidence = Table(
    "evidence",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("observation", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("facts", JsonText, nullable=False),
)

run_evidence = Table(
    "run_evidence",
    metadata,
    Column("run", ForeignKey("runs.sequence"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("digest", ForeignKey("evidence.digest"), nullable=False),
    Column("source", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("requests", JsonText, nullable=False),
    Column("observed_at", UtcTimestamp, nullable=False),
)

transitions = Table(
    "transitions",
    metadata,
    Column("run", ForeignKey("runs.sequence"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("finding", Integer, nullable=False, comment="position in findings"),
    Column("previous", Text),
    Column("at", UtcTimestamp, nullable=False),
)

# The periods in which a database's catalogue did not change: one row for each fingerprint; the newest row grows.
intervals = Table(
    "intervals",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("component", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("first_seen", UtcTimestamp, nullable=False),
    Column("last_seen", UtcTimestamp, nullable=False),
    Column("polls", Integer, nullable=False),
    Column("longest_gap", Float, nullable=False, comment="seconds"),
    Column("proved_at", UtcTimestamp),
    Column("searched_at", UtcTimestamp),
    Index("intervals_by_component", "component", "sequence"),
)

# The counters of each account and region, from which the exporter resumes; they belong to no run.
counters = Table(
    "counters",
    metadata,
    Column("location", Text, primary_key=True),
    Column("written_at", UtcTimestamp, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False, comment="pending, delivered, failed or superseded"),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcTimestamp, nullable=False),
    Column("delivered_at", UtcTimestamp),
    Column("reference", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("notification", JsonText, nullable=False),
    Column("message", Text, nullable=False, comment="the id of the message that it is sent in"),
    Column("doubtful", Integer, nullable=False, comment="attempts after which the channel may have received it"),
    Column("claimed_until", UtcTimestamp, comment="until then, a process may be sending it"),
    Index("notifications_by_message", "message"),
    Index("notifications_by_alert", "channel", "key", "sequence"),
    Index("notifications_by_state", "state", "sequence"),
)

# What has been seen of a finding over passes: since when it fails, or does not any more.
conditions = Table(
    "conditions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("check_id", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("since", UtcTimestamp, nullable=False),
    Column("confirmed_at", UtcTimestamp, nullable=False),
    Column("run", Text, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("changes", JsonText, nullable=False),
    Column("flapping", Boolean, nullable=False),
)

# Who has taken on an alert. It counts until the alert ends.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("key", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcTimestamp, nullable=False),
)

# What restore drills found; their records are evidence of the passes that judge them.
restore_tests = Table(
    "restore_tests",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("component", Text, nullable=False),
    Column("finished", UtcTimestamp, nullable=False),
    Column("record", JsonText, nullable=False),
    Column("digest", Text, nullable=False, comment="of the record, so that a changed one is known"),
    Index("restore_tests_by_component", "component", "sequence"),
)

# Rows that can no longer be read, as they were found. Those of a run also stay where they are, for `verify`.
set_aside = Table(
    "set_aside",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("at", UtcTimestamp, nullable=False),
    Column("source", Text, nullable=False, comment="the table of the row"),
    Column("row", Text, nullable=False, comment="its primary key"),
    Column("run", Integer, comment="the run that is no longer used because of it"),
    Column("repaired_by", Integer, comment="the run that made up for it"),
    Column("reason", Text, nullable=False),
    Column("content", JsonText, nullable=False),
)
