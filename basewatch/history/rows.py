"""Writes a run as rows and reads it back: the run that is read equals the run that was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, RowMapping, Table, func, insert, select

from basewatch.catalog_interval import CatalogInterval
from basewatch.errors import HistoryError
from basewatch.facts import from_json, to_json
from basewatch.history import tables
from basewatch.history.evidence_rows import Columns, read_evidence, run_evidence_columns, write_content
from basewatch.history.rotten import evidence_set_aside, is_used, parsed
from basewatch.history.values import LastRun
from basewatch.model import ExpectedCheck, Finding, Run, Status, Transition, Window
from basewatch.series import Series


def write_run(connection: Connection, run: Run) -> int:
    """Adds a sealed run with its content, and returns its sequence number. Known evidence is not stored again.

    Raises: HistoryError, when the run contradicts itself, or when a digest is already stored with other facts.
    """
    connection.execute(insert(tables.runs).values(_run_columns(run)))
    number: int = connection.execute(select(tables.runs.c.sequence).where(tables.runs.c.id == run.id)).scalar_one()
    write_content(connection, run.evidence, number)
    _add(connection, tables.findings, number, map(finding_columns, run.findings))
    _add(connection, tables.run_evidence, number, map(run_evidence_columns, run.evidence))
    _add(connection, tables.transitions, number, _transition_columns(run))
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
        evidence=read_evidence(connection, row),
        series=from_json(tuple[Series, ...], row["series"]),
        transitions=tuple(_transition_of(each, findings) for each in _of_run(connection, tables.transitions, row)),
        previous_seal=row["previous_seal"],
        seal=row["seal"],
        notes=tuple(row["notes"]),
        scope=row["scope"],
        intervals=from_json(tuple[CatalogInterval, ...], row["intervals"]),
    )


def find_run(connection: Connection, id: str | None) -> Run | None:  # noqa: A002  # a run is identified by its id
    """The run with this id, or the newest full run if that is None; None when there is none."""
    wanted = tables.runs.c.scope == "" if id is None else tables.runs.c.id == id
    query = select(tables.runs).where(wanted).order_by(tables.runs.c.sequence.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else read_run(connection, row)


def read_last_run(connection: Connection) -> LastRun | None:
    """The newest full run in short, None when there is none."""
    found = tables.runs.c
    columns = (found.id, found.window_start, found.window_end, found.finished, found.seal)
    query = select(*columns).where(found.scope == "", is_used()).order_by(found.sequence.desc()).limit(1)
    return next(iter(parsed(connection, query, tables.runs, lambda row: LastRun(**row))), None)


def read_partial_runs(connection: Connection, since: datetime) -> tuple[Run, ...]:
    """Every partial run that started at `since` or later, oldest first."""
    found = tables.runs.c
    query = select(tables.runs).where(found.scope != "", found.started >= since, is_used()).order_by(found.sequence)
    return tuple(parsed(connection, query, tables.runs, partial(read_run, connection)))


def read_latest_findings(connection: Connection) -> dict[str, Finding]:
    """The newest finding of every key that was ever recorded."""
    found = tables.findings.c
    used = select(tables.runs.c.sequence).where(is_used())
    newest = (
        select(found.key, func.max(found.run).label("run")).where(found.run.in_(used)).group_by(found.key).subquery()
    )
    query = select(tables.findings).join(newest, (found.key == newest.c.key) & (found.run == newest.c.run))
    return {each.key: each for each in parsed(connection, query, tables.findings, finding_of)}


def finding_of(row: RowMapping) -> Finding:
    """The finding of one row of `findings`. Raises: ValueError, when it cannot be what was written."""
    finding = from_json(Finding, {**row, "check": row["check_id"]})
    if finding.key != row["key"]:
        raise ValueError("its key is not that of its check, component and subject")
    return finding


def read_current_findings(connection: Connection) -> tuple[Finding, ...]:
    """The newest finding of each expected check: from the newest full pass and every partial pass since."""
    runs = tables.runs
    newest = select(func.max(runs.c.sequence)).where(runs.c.scope == "", is_used()).scalar_subquery()
    query = select(runs.c.sequence, runs.c.expected).where(runs.c.sequence >= newest, is_used())
    judged = parsed(connection, query.order_by(runs.c.sequence), runs, _judged)
    last = {pair: sequence for sequence, pairs in judged for pair in pairs}
    query = select(tables.findings).where(tables.findings.c.run.in_(sequence for sequence, _ in judged))
    found = parsed(connection, query, tables.findings, lambda row: (row["run"], finding_of(row)))
    return tuple(
        each for run, each in found if last.get(ExpectedCheck(check=each.check, component=each.component)) == run
    )


def _judged(row: RowMapping) -> tuple[int, tuple[ExpectedCheck, ...]]:
    return row["sequence"], from_json(tuple[ExpectedCheck, ...], row["expected"])


def read_known_ids(connection: Connection, pairs: Sequence[ExpectedCheck]) -> dict[str, str]:
    """The `resource_id` in the newest facts on which the check of each pair passed, by component; none without one."""
    found, evidence = tables.findings.c, tables.evidence.c
    columns = (found.check_id, found.component, func.max(found.run).label("run"))
    used = select(tables.runs.c.sequence).where(is_used())
    of_checks = found.check_id.in_({pair.check for pair in pairs})
    passed = select(*columns).where(of_checks, found.status == Status.PASS, found.run.in_(used))
    newest = passed.group_by(found.check_id, found.component).subquery()
    of_newest = (
        (found.check_id == newest.c.check_id) & (found.component == newest.c.component) & (found.run == newest.c.run)
    )
    query = (
        select(found.component.label("judged"), evidence.facts)
        .join(newest, of_newest)
        .join(tables.evidence, evidence.digest == found.evidence)
        .where(evidence.digest.not_in(evidence_set_aside()))
    )
    wanted = {pair.component for pair in pairs}
    read = parsed(connection, query, tables.evidence, lambda row: (row["judged"], row["facts"].get("resource_id")))
    return {component: str(known) for component, known in read if component in wanted and known}


def finding_columns(finding: Finding) -> Columns:
    """The row of one finding, without its run and position."""
    columns = _columns(to_json(Finding, finding))
    return {**columns, "key": finding.key, "check_id": columns.pop("check"), "since": finding.since}


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


def _transition_columns(run: Run) -> Iterator[Columns]:
    positions: dict[str, list[int]] = {}
    for position, finding in enumerate(run.findings):
        positions.setdefault(finding.key, []).append(position)
    for each in run.transitions:
        same = (at for at in positions.get(each.finding.key, ()) if run.findings[at] == each.finding)
        if (found := next(same, None)) is None:
            raise HistoryError(f"the run has a transition of {each.finding.check}, but no such finding")
        yield {"finding": found, "previous": each.previous, "at": each.at}


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
