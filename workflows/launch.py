"""Prints the go/no-go matrix of a launch, as text, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import orjson
import typer

from basewatch.errors import ConfigError, Problem
from reports.markdown import cell, row
from workflows.commands import ExitCode, PreparedPlan, recorded_past, utc_now
from workflows.launch_matrix import Decision, LaunchMatrix, launch_matrix
from workflows.monitor import observe_plan
from workflows.options import MatrixFormat
from workflows.terminal import escape_control


def launch(prepared: PreparedPlan, *, stage: str, output: MatrixFormat) -> int:
    """Makes one pass that is not recorded, and prints the matrix of one stage, or of all.

    The exit status is 0 for GO, 1 for NO-GO, and 3 when a criterion could not be verified and none is broken.
    Raises: ConfigError, when the configuration has no such stage.
    """
    plan, at = prepared.plan, utc_now()
    stages = [each.name for each in plan.config.launch.stages]
    if not stages or stage not in ("", *stages):
        message = f"there is no stage '{stage}' of the launch" if stages else "the configuration declares no launch"
        known = f"the stages are {', '.join(stages)}" if stages else "add launch: with its stages and criteria"
        raise ConfigError(Problem(message=message, remedy=known))
    window, past = plan.next_window(None, at), recorded_past(prepared, at)
    run = observe_plan(plan, prepared.sessions, window, utc_now, past).run
    platform = f"{plan.config.platform.name} {plan.config.platform.environment}"
    matrix = launch_matrix(plan.config.launch, run.findings, platform=platform, at=at, stage=stage)
    typer.echo(matrix_text(matrix, output))
    match matrix.decision:
        case Decision.GO:
            return ExitCode.PASSED
        case Decision.NO_GO:
            return ExitCode.FAILED
        case Decision.UNKNOWN:
            return ExitCode.UNVERIFIED
        case _:
            assert_never(matrix.decision)


def matrix_text(matrix: LaunchMatrix, output: MatrixFormat) -> str:
    """The matrix in one format."""
    match output:
        case MatrixFormat.TEXT:
            return "\n".join(_text(matrix))
        case MatrixFormat.MARKDOWN:
            return "\n".join(_markdown(matrix))
        case MatrixFormat.JSON:
            return _json(matrix)
        case _:
            assert_never(output)


def _headline(matrix: LaunchMatrix) -> str:
    met = sum(each.decision is Decision.GO for each in matrix.rows)
    verdict = "GO" if matrix.decision is Decision.GO else "NO-GO"
    return f"{verdict}: {met} of {len(matrix.rows)} criteria are met"


def _text(matrix: LaunchMatrix) -> Iterator[str]:
    yield f"Launch of {matrix.platform}, {matrix.at:%Y-%m-%d %H:%M} UTC"
    yield _headline(matrix)
    area = max((len(each.area) for each in matrix.rows), default=0)
    for stage in matrix.stages:
        yield f"\n{stage}"
        for each in matrix.of_stage(stage):
            yield f"  {each.decision:<7} {each.area:<{area}}  {each.criterion}"
            if each.decision is not Decision.GO:
                yield from (f"{'':{area + 12}}{escape_control(reason)}" for reason in each.reasons)
    if matrix.sign_off:
        yield f"\nTo sign: {', '.join(matrix.sign_off)}"


def _markdown(matrix: LaunchMatrix) -> Iterator[str]:
    yield f"# Launch of {cell(matrix.platform)}\n"
    yield f"{matrix.at:%Y-%m-%d %H:%M} UTC. **{_headline(matrix)}.**"
    for stage in matrix.stages:
        yield f"\n## {cell(stage)}\n\n| decision | area | criterion | why |\n|---|---|---|---|"
        for each in matrix.of_stage(stage):
            yield row(each.decision, cell(each.area), cell(each.criterion), cell("; ".join(each.reasons)))
    if matrix.sign_off:
        yield "\n## Sign-off\n\n| role | name | date | signature |\n|---|---|---|---|"
        yield from (row(cell(role), "", "", "") for role in matrix.sign_off)


def _json(matrix: LaunchMatrix) -> str:
    return orjson.dumps(
        {
            "platform": matrix.platform,
            "at": matrix.at,
            "decision": matrix.decision,
            "criteria": list(matrix.rows),
            "sign_off": matrix.sign_off,
        },
        option=orjson.OPT_INDENT_2,
    ).decode()
