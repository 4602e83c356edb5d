"""The command that explains one finding or alert."""
# ruff: noqa: PLC0415  # as in workflows/cli.py: each command imports its heavy modules itself

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from workflows.options import DEFAULT_CONFIG, ConfigPath, OutputFormat, ResultFormat


def explain(
    finding: Annotated[
        list[str],
        typer.Argument(
            metavar="FINDING",
            help="The key of a finding or an alert, or its beginning; or CHECK COMPONENT [SUBJECT], each a glob.",
        ),
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Explain a recorded finding: since when, what was read, who was notified, and what to do. Nothing is observed."""
    from workflows.commands import existing_history, utc_now
    from workflows.explain import explain as explain_finding
    from workflows.explain_text import explained_json, explained_text
    from workflows.plan import load_plan

    plan, now = load_plan(config), utc_now()
    promises = {planned.check.id: planned.check.title for planned in plan.checks}
    with existing_history(config, os.environ) as history:
        explained = explain_finding(finding, history, plan.config, promises, now)
    if output is ResultFormat.JSON:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        sys.stdout.write(orjson.dumps(explained_json(explained), option=options).decode())
    else:
        typer.echo(explained_text(explained, now))
