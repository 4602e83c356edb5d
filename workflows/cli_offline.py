"""The verbs that ask nothing of the platform: validate, plan, checks, permissions, generate."""
# ruff: noqa: PLC0415  # as in workflows/cli.py: nothing heavy before its verb

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.options import DEFAULT_CONFIG, CheckGlob, ComponentGlob, ConfigPath, OutputFormat, ResultFormat

checks = typer.Typer(help="The checks there are.", no_args_is_help=True)
permissions = typer.Typer(help="The least privilege this configuration needs.", no_args_is_help=True)
generate = typer.Typer(help="Files made from the code.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Adds these verbs to the command line."""
    app.command()(validate)
    app.command()(plan)
    app.add_typer(checks, name="checks")
    app.add_typer(permissions, name="permissions")
    app.add_typer(generate, name="generate")


def validate(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say what is wrong with the configuration, and where."""
    from workflows.plan import load_plan

    found = load_plan(config)
    components = sum(1 for _ in found.config.components)
    typer.echo(f"{config} is valid: {components} components, {len(found.expected)} verdicts to expect of them")


def plan(
    config: ConfigPath = DEFAULT_CONFIG,
    only: CheckGlob = "*",
    component: ComponentGlob = "*",
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Say what a pass would ask, and what that costs."""
    from workflows.plan import load_plan
    from workflows.request_forecast import forecast

    expected = forecast(load_plan(config, only=only, component=component))
    typer.echo(expected.as_json() if output is ResultFormat.JSON else expected.as_text())


@checks.command("list")
def list_checks(output: OutputFormat = ResultFormat.TEXT) -> None:
    """Every check, one line each."""
    from workflows.plugins import known_checks
    from workflows.terminal import checks_json, checks_text

    typer.echo(checks_json(known_checks()) if output is ResultFormat.JSON else checks_text(known_checks()))


@checks.command("show")
def show_check(
    check_id: Annotated[str, typer.Argument(metavar="ID", help="The check's id, such as backup.aurora.rpo.")],
) -> None:
    """Everything there is to know of one check."""
    from difflib import get_close_matches

    from basewatch.errors import BasewatchError
    from workflows.plugins import known_checks
    from workflows.terminal import check_text

    known = {check.id: check for check in known_checks()}
    if check_id not in known:
        close = get_close_matches(check_id, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else "; `basewatch checks list` prints them all"
        raise BasewatchError(f"there is no check {check_id}{hint}")
    typer.echo(check_text(known[check_id]))


@permissions.command()
def iam(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """The IAM policy of the reader's role, as JSON."""
    from workflows.permissions import iam_policy
    from workflows.plan import load_plan

    typer.echo(iam_policy(load_plan(config)))


@permissions.command()
def sql(
    config: ConfigPath = DEFAULT_CONFIG,
    role: Annotated[str, typer.Option("--role", help="The reader's role.")] = "basewatch",
) -> None:
    """The SQL that makes the reader's database role, mode by mode: a script to run in the database."""
    from workflows.permissions import sql_grants
    from workflows.plan import load_plan

    typer.echo(sql_grants(load_plan(config), role))


OutputFolder = Annotated[Path, typer.Option("--output", help="The folder to write them into.")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is not current.")]


@generate.command()
def schema(output: OutputFolder = Path("docs"), check: CheckOnly = False) -> None:
    """The JSON Schemas: of the configuration, for editors, and of what `check --format json` prints."""
    from generate.files import SCHEMAS, write_or_compare

    raise typer.Exit(write_or_compare(output, SCHEMAS, compare=check))


@generate.command()
def docs(output: OutputFolder = Path("docs"), check: CheckOnly = False) -> None:
    """The pages of what is checked and what is measured: Basewatch's own, whatever else is installed."""
    from generate.files import PAGES, write_or_compare

    raise typer.Exit(write_or_compare(output, PAGES, compare=check))


@generate.command()
def rules(config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False) -> None:
    """Recording and alerting rules of this configuration, for your Prometheus."""
    from generate.files import rule_files, write_or_compare
    from workflows.plan import load_plan
    from workflows.plugins import known_checks

    plan = load_plan(config)
    files = rule_files(plan.config, known_checks(), plan.collectors)
    raise typer.Exit(write_or_compare(output, files, compare=check))


@generate.command()
def alertmanager(
    config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False
) -> None:
    """Routes, receivers and inhibitions of this configuration, for your Alertmanager."""
    from generate.files import alertmanager_files, write_or_compare
    from workflows.plan import load_plan

    raise typer.Exit(write_or_compare(output, alertmanager_files(load_plan(config).config), compare=check))


@generate.command()
def dashboards(
    config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False
) -> None:
    """Seven dashboards of this configuration, for your Grafana."""
    from generate.files import dashboard_files, write_or_compare
    from workflows.plan import load_plan

    raise typer.Exit(write_or_compare(output, dashboard_files(load_plan(config).config), compare=check))
