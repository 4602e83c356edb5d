"""Evidence as rows: the facts once for each digest, and for each run who read them, from where, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, insert, select, update

from basewatch.errors import HistoryError
from basewatch.facts import evidence_digest, from_json
from basewatch.history import tables
from basewatch.history.rotten import RottenRow, RottenRowsError, evidence_set_aside, parsed
from basewatch.model import Evidence

Columns: TypeAlias = dict[str, Any]


def write_content(connection: Connection, evidence: Sequence[Evidence], run: int) -> None:
    """Stores the facts of a run once for each digest. Where others were set aside, it puts the right ones.

    Raises: RottenRowsError, for facts that do not fit the digest they are stored under; HistoryError, when the new ones
    do not.
    """
    content = {each.digest: _content_columns(each) for each in evidence}
    found = tables.evidence.c.digest
    aside = set(connection.execute(evidence_set_aside().where(tables.set_aside.c.row.in_(content))).scalars().all())
    known = select(tables.evidence).where(found.in_(content.keys() - aside))
    stored = {row["digest"]: dict(row) for row in parsed(connection, known, tables.evidence, lambda row: row)}
    if differ := [each for each in evidence if stored.get(each.digest, content[each.digest]) != _content_columns(each)]:
        raise _difference(differ)
    for digest in aside:
        connection.execute(update(tables.evidence).where(found == digest).values(content[digest]))
        repaired = (tables.set_aside.c.row == digest) & (tables.set_aside.c.source == tables.evidence.name)
        connection.execute(update(tables.set_aside).where(repaired).values(repaired_by=run))
    new = [columns for digest, columns in content.items() if digest not in stored and digest not in aside]
    if new:
        connection.execute(insert(tables.evidence), new)


def _difference(differ: Sequence[Evidence]) -> Exception:
    """What is wrong with evidence that is stored with other content: the content, if the new one fits the digest."""
    for each in differ:
        if evidence_digest(each.observation, each.component, each.facts) != each.digest:
            return HistoryError(
                f"evidence {each.digest} of {each.component} differs from what is stored under that digest"
            )
    reason = "its content is not that of its digest"
    return RottenRowsError([RottenRow(table=tables.evidence, key=(each.digest,), reason=reason) for each in differ])


def _content_columns(evidence: Evidence) -> Columns:
    return {
        "digest": evidence.digest,
        "observation": evidence.observation,
        "component": evidence.component,
        "facts": evidence.facts,
    }


def run_evidence_columns(evidence: Evidence) -> Columns:
    """Who read the facts in this run, when and how: the row of `run_evidence`, without its run and position."""
    return {
        "digest": evidence.digest,
        "source": evidence.source,
        "principal": evidence.principal,
        "requests": list(evidence.requests),
        "observed_at": evidence.observed_at,
    }


def read_evidence(connection: Connection, row: RowMapping) -> tuple[Evidence, ...]:
    """The evidence of one row of `runs`."""
    query = (
        select(tables.run_evidence, tables.evidence)
        .join(tables.evidence, tables.evidence.c.digest == tables.run_evidence.c.digest)
        .where(tables.run_evidence.c.run == row["sequence"])
        .order_by(tables.run_evidence.c.position)
    )
    return tuple(from_json(Evidence, dict(each)) for each in connection.execute(query).mappings())
