"""The command line: the commands that observe the platform. Each command imports its heavy modules itself."""
# ruff: noqa: PLC0415  # `basewatch --help` takes 200 ms: boto3, SQLAlchemy and pydantic are imported by commands

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from workflows import cli_offline
from workflows.cli_alerts import alerts
from workflows.cli_explain import explain
from workflows.cli_launch import launch
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

_NO_DOCSTRINGS = (
    "Python runs with -OO or PYTHONOPTIMIZE=2, which removes the docstrings: the reports are made of them. "
    "Run it without, or with -O at most"
)
app = typer.Typer(
    name="basewatch",
    help="Check the promises of a multi-tenant platform, export metrics, and alert when a promise is broken.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def _basewatch(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log progress to standard error.")] = False,
) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not verbose:
        # Their failures are findings with a reason and a remedy; here they would be tracebacks.
        for library in ("botocore", "urllib3", "psycopg"):
            logging.getLogger(library).setLevel(logging.CRITICAL)


@app.command()
def run(
    config: ConfigPath = DEFAULT_CONFIG, fail_on: FailOnOption = FailOn.HIGH, output: OutputFormat = ResultFormat.TEXT
) -> None:
    """Run every check and record the run. Write the reports, and send alerts about changes."""
    from workflows import commands

    raise typer.Exit(
        commands.run(commands.prepare(config, os.environ, recorded=True), fail_on, as_json=output is ResultFormat.JSON)
    )


@app.command()
def check(
    config: ConfigPath = DEFAULT_CONFIG,
    only: CheckGlob = "*",
    component: ComponentGlob = "*",
    *,
    wait: Annotated[
        str, typer.Option("--wait", help="Repeat the checks until all pass, for so long at most, such as 10m.")
    ] = "0",
    fail_on: FailOnOption = FailOn.HIGH,
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Run the checks now and print the findings. Record nothing and send no alert."""
    from workflows import commands
    from workflows.settling import parse_wait

    patience = parse_wait(wait)
    prepared = commands.prepare(config, os.environ, only=only, component=component)
    raise typer.Exit(commands.check(prepared, fail_on, as_json=output is ResultFormat.JSON, wait=patience))


@app.command()
def audit(
    config: ConfigPath = DEFAULT_CONFIG,
    since: Annotated[
        str, typer.Option("--since", help="How far back metrics are judged, such as 6h or 7d; at most 15d.")
    ] = "6h",
    output: Annotated[Path, typer.Option("--output", help="The folder for the report and its evidence.")] = Path(
        "out/audit"
    ),
    fail_on: FailOnOption = FailOn.HIGH,
) -> None:
    """Run every check and write an audit report with evidence."""
    from workflows import commands

    raise typer.Exit(commands.audit(commands.prepare(config, os.environ), fail_on, since=since, output=output))


@app.command()
def drill(
    config: ConfigPath = DEFAULT_CONFIG,
    component: ComponentGlob = "*",
    target: Annotated[
        str, typer.Option("--target", help="A reference to the URL of a scratch server: env:NAME or file:PATH.")
    ] = "",
    fail_on: FailOnOption = FailOn.HIGH,
) -> None:
    """Restore the newest dump into a scratch PostgreSQL. Measure the copy, and record what is found."""
    from workflows.restoring import command

    raise typer.Exit(command.drill_from(config, os.environ, fail_on, component=component, target=target))


@app.command()
def init(
    url: Annotated[str, typer.Option("--url", help="A reference to the database URL: env:NAME or file:PATH.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write. Default: standard output.")
    ] = None,
) -> None:
    """Draft a configuration from a database. Its catalogue is read; review the draft before use."""
    from workflows import init_config

    text = init_config.draft_config(url, output, os.environ)
    typer.echo(
        f"{output} is written; review it and replace every {init_config.PLACEHOLDER}" if output else text,
        nl=bool(output),
    )


@app.command()
def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    listen: Annotated[
        str, typer.Option("--listen", help="The host:port to listen on. Default: web.listen of the configuration.")
    ] = "",
) -> None:
    """Serve metrics to Prometheus, with checks on a schedule."""
    from functools import partial

    from workflows import commands
    from workflows.serve import serve as serve_until_signal

    serve_until_signal(partial(commands.prepare, config, os.environ, recorded=True), listen)


@app.command()
def verify(
    run_json: Annotated[Path | None, typer.Argument(help="A run.json file. Default: the whole history.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Judge recorded evidence again and recompute every seal."""
    from workflows import verify as verifying

    raise typer.Exit(verifying.verify_run_file(run_json) if run_json else verifying.verify_history(config, os.environ))


@app.command()
def demo(
    config: ConfigPath = DEFAULT_CONFIG,
    break_: Annotated[
        list[str] | None,
        typer.Option(
            "--break", metavar="NAME", help="The fault to apply instead of the default faults; may be repeated."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the sandbox running at the end, and serve its metrics.")
    ] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print every fault and exit.")] = False,
) -> None:
    """Break an example platform and see what is reported. It runs in a sandbox on this machine."""
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


notify = typer.Typer(help="Send through the notification channels.", no_args_is_help=True)


@notify.command("test")
def notify_test(
    config: ConfigPath = DEFAULT_CONFIG,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Test this channel instead of all; may be repeated."),
    ] = None,
) -> None:
    """Send a marked test alert and its end to each channel. The exit status is 4 if one does not accept them."""
    from workflows import notify_test as testing

    raise typer.Exit(testing.notify_test(config, os.environ, tuple(channel or ())))


app.add_typer(notify, name="notify")
app.command()(launch)
app.command()(explain)
cli_offline.add_to(app)
app.add_typer(alerts, name="alerts")


def main() -> NoReturn:
    """Runs the command line. An error that the user can correct is printed without a traceback; exit status 2."""
    if sys.flags.optimize > 1:
        typer.echo(f"basewatch: {_NO_DOCSTRINGS}", err=True)
        sys.exit(2)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C does, so that child processes are stopped and temporary files are removed. `nohup` ignores SIGHUP.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        app()
    except ImportError as error:
        # Such as PSYCOPG_IMPL=c without that package: its text has the lines of each attempt.
        reason = " ".join(str(error).split())
        typer.echo(f"basewatch: a library cannot be loaded: {reason}; install basewatch again", err=True)
        sys.exit(2)
    except Exception as error:
        from basewatch.errors import BasewatchError

        if not isinstance(error, BasewatchError):
            raise
        typer.echo(f"basewatch: {error}", err=True)
        sys.exit(2)
    sys.exit(0)
