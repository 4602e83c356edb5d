"""`basewatch drill`: makes the restore drills, records them, and judges what they found at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import typer

from alerts import notifiers
from basewatch.components import Database, DumpBackups
from basewatch.errors import BasewatchError, InvalidValueError
from basewatch.history.store import History
from basewatch.model import Severity
from basewatch.postgres import connect
from basewatch.postgres.scratch import ScratchServer, declared_scratch_server
from basewatch.restore_record import RestoreRecord
from basewatch.restore_settings import RestoreDrill
from basewatch.secrets import Reference, parse_reference
from checks.backup.restore_recency import past_restores
from checks.engine.judge import PlannedCheck
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan, exit_code, print_findings, undelivered_lines, utc_now
from workflows.fingerprint_intervals import fingerprint_in
from workflows.history_remarks import history_lines
from workflows.monitor import deliver_recorded, observe_since_last, record_run
from workflows.plan import load_plan
from workflows.restoring.budget import RestoreUntriedError
from workflows.restoring.drill import DrillTask, drill


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Dumps that are to be restored, and the promise."""

    dumps: DumpBackups
    drill: RestoreDrill


def drill_from(path: Path, environ: Mapping[str, str], fail_on: str, *, component: str, target: str) -> int:
    """Makes the drills of the configuration at `path`; a secret that none of them uses need not be set.

    `target` refers to the URL of a scratch server; empty for the declared one. Raises: BasewatchError.
    """
    try:
        scratch = parse_reference(target) if target else None
    except InvalidValueError as error:
        raise BasewatchError(f"--target: {error}") from error
    plan = load_plan(path, recorded=True)
    prepared = PreparedPlan(plan=plan, sessions=AwsSessions(plan.config, environ), environ=environ)
    return make_drills(prepared, fail_on, component=component, target=scratch)


def make_drills(prepared: PreparedPlan, fail_on: str, *, component: str, target: Reference | None) -> int:
    """Drills the matching dumps, records and judges them; the exit status is that of their checks.

    Raises: BasewatchError, when none is promised.
    """
    promised = tuple(_promised(prepared, component))
    if not promised:
        raise BasewatchError(f"no dump_backups with restore_drill matches --component '{component}'")
    with prepared.history() as history:
        for each in promised:
            record = drill(drill_task(prepared, each, history, target=target))
            history.add_restore_test(record)
            typer.echo(record_text(record))
        refs = {each.dumps.ref for each in promised}
        part = prepared.plan.subset("restore drill", partial(_judges_drills, refs))
        channels = notifiers(part.config.alerts, prepared.environ, prepared.sessions.secret_store)
        recorded = record_run(part, observe_since_last(part, prepared.sessions, history, utc_now), history, channels)
        delivered = deliver_recorded(part, recorded, history, channels, utc_now)
        problems = (*undelivered_lines(delivered), *history_lines(history.status))
    print_findings(prepared.plan, recorded.run, as_json=False)
    for problem in problems:
        typer.echo(f"basewatch: {problem}", err=True)
    return exit_code(recorded.run.findings, fail_on=Severity(fail_on), undelivered=bool(problems))


def drill_task(
    prepared: PreparedPlan,
    promised: Promised,
    history: History,
    *,
    target: Reference | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> DrillTask:
    """The drill of one component of the configuration; `target` takes the place of the declared one."""
    databases = [each for each in prepared.plan.config.components if isinstance(each, Database)]
    database = next((each for each in databases if each.name == promised.dumps.database), None)
    secret, where = prepared.sessions.secret, target or promised.drill.target

    def scratch() -> ScratchServer:
        try:
            production = [(each.ref, secret(url)) for each in databases for url in (each.url, each.reader) if url]
            return declared_scratch_server(secret(where), production) if where else _nowhere()
        except BasewatchError as error:
            raise RestoreUntriedError(
                f"the declared scratch server cannot be used: {error}", getattr(error, "remedy", "")
            ) from error

    return DrillTask(
        dumps=promised.dumps,
        drill=promised.drill,
        database=database,
        aws=prepared.sessions.session_for(promised.dumps).open_client(),
        live=(lambda: connect(secret(database.reader or database.url), run="drill")) if database else None,
        fingerprints=_fingerprints(database, history),
        target=scratch if where else None,
        secret=secret,
        clock=clock,
    )


def record_text(record: RestoreRecord) -> str:
    """What a drill found, as lines of text."""
    took = ", ".join(f"{name} {seconds:g} s" for name, seconds in record.seconds)
    lines = [f"{record.component}: {record.dump_key or 'no dump'} {record.outcome} ({took})"]
    lines += [f"  {record.problem}"] if record.problem else []
    lines += [f"  {record.remedy}"] if record.remedy else []
    lines += [f"  left out: {', '.join(record.left_out)}"] if record.left_out else []
    return "\n".join(lines)


def promised_drills(prepared: PreparedPlan) -> tuple[Promised, ...]:
    """Every drill that the configuration promises."""
    return tuple(_promised(prepared, "*"))


def _promised(prepared: PreparedPlan, component: str) -> Iterator[Promised]:
    for each in prepared.plan.config.components:
        named = fnmatchcase(each.name, component) or fnmatchcase(each.ref, component)
        if isinstance(each, DumpBackups) and each.restore_drill and named:
            yield Promised(dumps=each, drill=each.restore_drill)


def _judges_drills(refs: set[str], planned: PlannedCheck) -> bool:
    return planned.component.ref in refs and planned.check.observe is past_restores


def _fingerprints(database: Database | None, history: History) -> Mapping[str, datetime]:
    """The fingerprint that the catalogue of the database was last seen with, and since when; also of the last run."""
    if database is None:
        return {}
    intervals = [each for each in history.catalog_intervals() if each.component == database.ref]
    seen = {each.fingerprint: each.first_seen for each in intervals[-1:]}
    last = history.last_run()
    run = history.run(last.id) if last else None
    found = fingerprint_in(run, database.ref) if run else ""
    if run and found and not intervals:
        seen[found] = run.started
    return seen


def _nowhere() -> ScratchServer:
    raise RestoreUntriedError("no scratch server is declared", "declare restore_drill.target")
