"""Writes a run as rows and reads it back: the run that is read equals the run that was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, Table, func, insert, select

from basewatch.catalog_interval import CatalogInterval
from basewatch.errors import HistoryError
from basewatch.facts import from_json, to_json
from basewatch.history import tables
from basewatch.model import Evidence, ExpectedCheck, Finding, Run, Status, Transition, Window
from basewatch.series import Series

Columns: TypeAlias = dict[str, Any]


def write_run(connection: Connection, run: Run) -> int:
    """Adds a sealed run with its content, and returns its sequence number. Known evidence is not stored again.

    Raises: HistoryError, when the run contradicts itself, or when a digest is already stored with other facts.
    """
    connection.execute(insert(tables.runs).values(_run_columns(run)))
    number: int = connection.execute(select(tables.runs.c.sequence).where(tables.runs.c.id == run.id)).scalar_one()
    _write_content(connection, run.evidence)
    _add(connection, tables.findings, number, map(finding_columns, run.findings))
    _add(connection, tables.run_evidence, number, map(_run_evidence_columns, run.evidence))
    _add(connection, tables.transitions, number, (_transition_columns(each, run.findings) for each in run.transitions))
    return number


def read_run(connection: Connection, row: RowMapping) -> Run:
    """The run of one row of `runs`. Raises: ValueError, when a stored value cannot be what was written."""
    findings = tuple(finding_of(each) for each in _of_run(connection, tables.findings, row))
    return Run(
        id=row["id"],
        started=row["started"],
        finished=row["finished"],
        window=Window(start=row["window_start"], end=row["window_end"]),
        version=row["version"],
        config_digest=row["config_digest"],
        commit=row["commit_id"],
        expected=from_json(tuple[ExpectedCheck, ...], row["expected"]),
        components=row["components"],
        findings=findings,
        evidence=_read_evidence(connection, row),
        series=from_json(tuple[Series, ...], row["series"]),
        transitions=tuple(_transition_of(each, findings) for each in _of_run(connection, tables.transitions, row)),
        previous_seal=row["previous_seal"],
        seal=row["seal"],
        notes=tuple(row["notes"]),
        scope=row["scope"],
        intervals=from_json(tuple[CatalogInterval, ...], row["intervals"]),
    )


def finding_of(row: RowMapping) -> Finding:
    """The finding of one row of `findings`."""
    return from_json(Finding, {**row, "check": row["check_id"]})


def read_current_findings(connection: Connection) -> tuple[Finding, ...]:
    """The newest finding of each expected check: from the newest full pass and every partial pass since."""
    runs = tables.runs
    newest = select(func.max(runs.c.sequence)).where(runs.c.scope == "").scalar_subquery()
    query = select(runs.c.sequence, runs.c.expected).where(runs.c.sequence >= newest).order_by(runs.c.sequence)
    last = {
        pair: row["sequence"]
        for row in connection.execute(query).mappings()
        for pair in from_json(tuple[ExpectedCheck, ...], row["expected"])
    }
    query = select(tables.findings).where(tables.findings.c.run >= newest)
    found = ((row["run"], finding_of(row)) for row in connection.execute(query).mappings())
    return tuple(
        each for run, each in found if last.get(ExpectedCheck(check=each.check, component=each.component)) == run
    )


def read_known_ids(connection: Connection, pairs: Sequence[ExpectedCheck]) -> dict[str, str]:
    """The `resource_id` in the newest facts on which the check of each pair passed, by component; none without one."""
    found, evidence = tables.findings.c, tables.evidence.c
    columns = (found.check_id, found.component, func.max(found.run).label("run"))
    passed = select(*columns).where(found.check_id.in_({pair.check for pair in pairs}), found.status == Status.PASS)
    newest = passed.group_by(found.check_id, found.component).subquery()
    of_newest = (
        (found.check_id == newest.c.check_id) & (found.component == newest.c.component) & (found.run == newest.c.run)
    )
    query = (
        select(found.component, evidence.facts)
        .join(newest, of_newest)
        .join(tables.evidence, evidence.digest == found.evidence)
    )
    wanted = {pair.component for pair in pairs}
    read = ((component, facts.get("resource_id")) for component, facts in connection.execute(query))
    return {component: str(known) for component, known in read if component in wanted and known}


def finding_columns(finding: Finding) -> Columns:
    """The row of one finding, without its run and position."""
    columns = _columns(to_json(Finding, finding))
    return {"key": finding.key, "check_id": columns.pop("check"), **columns}


def _run_columns(run: Run) -> Columns:
    return {
        "id": run.id,
        "started": run.started,
        "finished": run.finished,
        "window_start": run.window.start,
        "window_end": run.window.end,
        "version": run.version,
        "config_digest": run.config_digest,
        "commit_id": run.commit,
        "expected": to_json(tuple[ExpectedCheck, ...], run.expected),
        "components": dict(run.components),
        "notes": list(run.notes),
        "series": to_json(tuple[Series, ...], run.series),
        "previous_seal": run.previous_seal,
        "seal": run.seal,
        "scope": run.scope,
        "intervals": to_json(tuple[CatalogInterval, ...], run.intervals),
    }


def _write_content(connection: Connection, evidence: Sequence[Evidence]) -> None:
    content = {each.digest: _content_columns(each) for each in evidence}
    known = select(tables.evidence).where(tables.evidence.c.digest.in_(content))
    stored = {row["digest"]: dict(row) for row in connection.execute(known).mappings()}
    for each in evidence:
        if stored.get(each.digest, content[each.digest]) != _content_columns(each):
            raise HistoryError(
                f"evidence {each.digest} of {each.component} differs from what is stored under that digest"
            )
    new = [columns for digest, columns in content.items() if digest not in stored]
    if new:
        connection.execute(insert(tables.evidence), new)


def _content_columns(evidence: Evidence) -> Columns:
    return {
        "digest": evidence.digest,
        "observation": evidence.observation,
        "component": evidence.component,
        "facts": evidence.facts,
    }


def _run_evidence_columns(evidence: Evidence) -> Columns:
    return {
        "digest": evidence.digest,
        "source": evidence.source,
        "principal": evidence.principal,
        "requests": list(evidence.requests),
        "observed_at": evidence.observed_at,
    }


def _read_evidence(connection: Connection, row: RowMapping) -> tuple[Evidence, ...]:
    query = (
        select(tables.run_evidence, tables.evidence)
        .join(tables.evidence, tables.evidence.c.digest == tables.run_evidence.c.digest)
        .where(tables.run_evidence.c.run == row["sequence"])
        .order_by(tables.run_evidence.c.position)
    )
    return tuple(from_json(Evidence, dict(each)) for each in connection.execute(query).mappings())


def _transition_columns(transition: Transition, findings: Sequence[Finding]) -> Columns:
    if transition.finding not in findings:
        raise HistoryError(f"the run has a transition of {transition.finding.check}, but no such finding")
    return {
        "finding": findings.index(transition.finding),
        "previous": transition.previous,
        "at": transition.at,
    }


def _transition_of(row: RowMapping, findings: Sequence[Finding]) -> Transition:
    if row["finding"] not in range(len(findings)):
        raise ValueError("a transition's finding is missing")
    previous = None if row["previous"] is None else Status(row["previous"])
    return Transition(finding=findings[row["finding"]], previous=previous, at=row["at"])


def _add(connection: Connection, table: Table, run: int, rows: Iterable[Columns]) -> None:
    numbered = [{"run": run, "position": position, **columns} for position, columns in enumerate(rows)]
    if numbered:
        connection.execute(insert(table), numbered)


def _of_run(connection: Connection, table: Table, row: RowMapping) -> Sequence[RowMapping]:
    query = select(table).where(table.c.run == row["sequence"]).order_by(table.c.position)
    return connection.execute(query).mappings().all()


def _columns(data: object) -> Columns:
    if not isinstance(data, Mapping):
        raise TypeError("a dataclass becomes a JSON object")
    return dict(data)
