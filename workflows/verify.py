"""`basewatch verify`: recomputes seals, and judges recorded evidence again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
import typer

from basewatch.errors import BasewatchError
from basewatch.facts import from_json
from basewatch.history.seal import problem
from basewatch.model import Finding, Run
from checks.engine.judge import VerdictDifference, rejudge
from workflows.commands import ExitCode, existing_history
from workflows.plugins import known_checks


def verify_run_file(path: Path) -> int:
    """Judges the evidence in one run.json again, and recomputes its seal if it has one. Raises: BasewatchError."""
    try:
        run = from_json(Run, orjson.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BasewatchError(f"{path} is not a recorded run: {error}") from error
    broken = problem(run, run.previous_seal) if run.seal else ""
    return _report(run, broken)


def verify_history(config: Path, environ: Mapping[str, str]) -> int:
    """Recomputes every seal of the history, and judges its newest run again. Raises: BasewatchError."""
    with existing_history(config, environ) as runs:
        chain = runs.verify()
        typer.echo(f"{chain.verified_runs} runs match their seals")
        for row in chain.set_aside:
            typer.echo(f"a row was changed after it was written, and is kept in the table set_aside: {row}")
        if chain.first_invalid_run:
            typer.echo(f"run {chain.first_invalid_run} does not match its seal: {chain.problem}")
        if not chain.valid:
            return ExitCode.FAILED
        return _report(runs.run(), "")


def _report(run: Run, broken: str) -> int:
    differences = rejudge(run, known_checks())
    if broken:
        typer.echo(f"run {run.id} does not match its seal: {broken}")
    for difference in differences:
        typer.echo(_line(difference))
    judged = sum(bool(finding.evidence) for finding in run.findings)
    typer.echo(
        f"run {run.id}: {judged} findings judged again from {len(run.evidence)} pieces of evidence, "
        f"{len(differences)} differ; {len(run.findings) - judged} findings have no evidence"
    )
    return ExitCode.FAILED if broken or differences else ExitCode.PASSED


def _line(difference: VerdictDifference) -> str:
    recorded, judged = _verdict_text(difference.recorded), _verdict_text(difference.rejudged)
    of = difference.finding
    return f"{of.check} {of.component} {of.subject}: recorded {recorded}, judged again {judged}"


def _verdict_text(finding: Finding | None) -> str:
    return f"{finding.status} ({finding.summary})" if finding else "no verdict"
