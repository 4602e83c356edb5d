"""The command line: each verb in a few lines, and everything heavy imported only by the verb that needs it."""
# ruff: noqa: PLC0415  # `basewatch --help` answers in 200 ms, so boto3, SQLAlchemy and pydantic wait for their verb

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from workflows import cli_offline
from workflows.options import (
    DEFAULT_CONFIG,
    CheckGlob,
    ComponentGlob,
    ConfigPath,
    FailOn,
    FailOnOption,
    OutputFormat,
    ResultFormat,
)

app = typer.Typer(
    name="basewatch",
    help="Watches over a platform: every claim it makes is a check that can fail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def _basewatch(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is being done, to standard error.")
    ] = False,
) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@app.command()
def run(
    config: ConfigPath = DEFAULT_CONFIG, fail_on: FailOnOption = FailOn.HIGH, output: OutputFormat = ResultFormat.TEXT
) -> None:
    """Look at everything, record it, tell people what changed."""
    from workflows import commands

    raise typer.Exit(commands.run(commands.prepare(config, os.environ), fail_on, as_json=output is ResultFormat.JSON))


@app.command()
def check(
    config: ConfigPath = DEFAULT_CONFIG,
    only: CheckGlob = "*",
    component: ComponentGlob = "*",
    fail_on: FailOnOption = FailOn.HIGH,
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Judge now; record nothing and tell nobody."""
    from workflows import commands

    prepared = commands.prepare(config, os.environ, only=only, component=component)
    raise typer.Exit(commands.check(prepared, fail_on, as_json=output is ResultFormat.JSON))


@app.command()
def audit(
    config: ConfigPath = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option("--since", help="How far back to judge metrics: 6h, 7d.")] = "6h",
    output: Annotated[Path, typer.Option("--output", help="The folder to write the report into.")] = Path("out/audit"),
    fail_on: FailOnOption = FailOn.HIGH,
) -> None:
    """Write the audit report and the evidence it rests on."""
    from workflows import commands

    raise typer.Exit(commands.audit(commands.prepare(config, os.environ), fail_on, since=since, output=output))


@app.command()
def init(
    url: Annotated[str, typer.Option("--url", help="Where the database's URL is kept: env:NAME, file:PATH.")],
    output: Annotated[Path | None, typer.Option("--output", help="The file to write; standard output without.")] = None,
) -> None:
    """Draft a first configuration from a database's catalogue, for review."""
    from workflows import init_config

    text = init_config.draft_config(url, output, os.environ)
    typer.echo(
        f"{output} is written: review it, and replace every {init_config.PLACEHOLDER}" if output else text,
        nl=bool(output),
    )


@app.command()
def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    listen: Annotated[str, typer.Option("--listen", help="Host and port in place of web.listen.")] = "",
) -> None:
    """Serve metrics to Prometheus, and check on a cadence."""
    from workflows import commands
    from workflows.serve import serve as serve_until_told

    prepared = commands.prepare(config, os.environ)
    serve_until_told(prepared, listen or prepared.plan.config.web.listen)


@app.command()
def verify(
    run_json: Annotated[Path | None, typer.Argument(help="A run.json; the whole history when left out.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Judge recorded evidence again, and recompute every seal."""
    from workflows import verify as verifying

    raise typer.Exit(verifying.verify_run_file(run_json) if run_json else verifying.verify_history(config, os.environ))


@app.command()
def demo(
    config: ConfigPath = DEFAULT_CONFIG,
    break_: Annotated[
        list[str] | None, typer.Option("--break", metavar="NAME", help="Break this instead; may be repeated.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the box running afterwards, and serve its metrics.")
    ] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print every fault there is, and stop.")] = False,
) -> None:
    """Watch SecureBase in a box break and recover."""
    try:
        from workflows import demonstrate
    except ModuleNotFoundError as error:
        from basewatch.errors import BasewatchError

        raise BasewatchError(
            f"the demo needs {error.name}: install basewatch with its extra, basewatch[demo]"
        ) from error

    if list_faults:
        typer.echo(demonstrate.faults_text())
        raise typer.Exit(0)
    raise typer.Exit(demonstrate.run_demo(config, tuple(break_ or ()), keep=keep, environ=os.environ))


cli_offline.add_to(app)


def main() -> NoReturn:
    """The program; an error that is somebody's to mend is printed without a traceback and is exit status 2."""
    # As Ctrl-C does, so that what was started is stopped and what was made for a while is removed.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        app()
    except Exception as error:
        from basewatch.errors import BasewatchError

        if not isinstance(error, BasewatchError):
            raise
        typer.echo(f"basewatch: {error}", err=True)
        sys.exit(2)
    sys.exit(0)
