"""The commands that send no request to the platform: validate, plan, checks, permissions, generate."""
# ruff: noqa: PLC0415  # as in workflows/cli.py: each command imports its heavy modules itself

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.options import DEFAULT_CONFIG, CheckGlob, ComponentGlob, ConfigPath, OutputFormat, ResultFormat

checks = typer.Typer(help="List and describe the checks.", no_args_is_help=True)
permissions = typer.Typer(help="Print the least privilege that this configuration needs.", no_args_is_help=True)
generate = typer.Typer(help="Write files generated from code or configuration.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(validate)
    app.command()(plan)
    app.add_typer(checks, name="checks")
    app.add_typer(permissions, name="permissions")
    app.add_typer(generate, name="generate")


def validate(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Validate the configuration. Print each mistake with file and line."""
    from workflows.plan import load_plan

    plan = load_plan(config)
    components = sum(1 for _ in plan.config.components)
    typer.echo(f"{config} is valid: {components} components, {len(plan.expected)} expected verdicts")


def plan(
    config: ConfigPath = DEFAULT_CONFIG,
    only: CheckGlob = "*",
    component: ComponentGlob = "*",
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Print the verdicts, requests, cost and privileges of a run. No request is sent."""
    from workflows.plan import load_plan
    from workflows.request_forecast import forecast

    expected = forecast(load_plan(config, only=only, component=component))
    typer.echo(expected.as_json() if output is ResultFormat.JSON else expected.as_text())


@checks.command("list")
def list_checks(output: OutputFormat = ResultFormat.TEXT) -> None:
    """List every check, one line each."""
    from workflows.plugins import known_checks
    from workflows.terminal import checks_json, checks_text

    typer.echo(checks_json(known_checks()) if output is ResultFormat.JSON else checks_text(known_checks()))


@checks.command("show")
def show_check(
    check_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the check, such as backup.aurora.rpo.")],
) -> None:
    """Describe one check."""
    from difflib import get_close_matches

    from basewatch.errors import BasewatchError
    from workflows.plugins import known_checks
    from workflows.terminal import check_text

    known = {check.id: check for check in known_checks()}
    if check_id not in known:
        close = get_close_matches(check_id, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else "; `basewatch checks list` prints every id"
        raise BasewatchError(f"there is no check {check_id}{hint}")
    typer.echo(check_text(known[check_id]))


@permissions.command()
def iam(
    config: ConfigPath = DEFAULT_CONFIG,
    part: Annotated[
        int, typer.Option("--part", min=0, help="Print this part, small enough for a managed policy; 0 prints all.")
    ] = 0,
) -> None:
    """Print the IAM policy of the reader role, as JSON: what the declared components need, and no more."""
    from basewatch.errors import ConfigError, Problem
    from workflows.iam_policy import iam_policy, policy_parts, size_remark
    from workflows.plan import load_plan

    plan = load_plan(config)
    if not part:
        policy = iam_policy(plan)
        if remark := size_remark(policy, len(policy_parts(plan))):
            typer.echo(f"basewatch: {remark}", err=True)
        typer.echo(policy)
    elif part <= len(parts := policy_parts(plan)):
        typer.echo(parts[part - 1])
    else:
        raise ConfigError(Problem(message=f"--part {part} is not among the {len(parts)} parts of the policy"))


@permissions.command()
def sql(
    config: ConfigPath = DEFAULT_CONFIG,
    role: Annotated[str, typer.Option("--role", help="The name of the reader role.")] = "basewatch",
) -> None:
    """Print the SQL script of the reader role. It creates the role with the grants of each feature."""
    from workflows.plan import load_plan
    from workflows.sql_grants import sql_grants

    typer.echo(sql_grants(load_plan(config), role))


OutputFolder = Annotated[Path, typer.Option("--output", help="The folder for the files.")]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is missing or out of date.")
]


@generate.command()
def schema(output: OutputFolder = Path("docs"), check: CheckOnly = False) -> None:
    """Write the JSON Schemas. They describe the configuration and `check --format json`."""
    from generate.files import schema_files

    raise typer.Exit(schema_files().write(output, check_only=check))


@generate.command()
def docs(output: OutputFolder = Path("docs"), check: CheckOnly = False) -> None:
    """Write the pages of checks, metrics and alerting rules. Plug-ins are not included."""
    from generate.files import page_files

    raise typer.Exit(page_files().write(output, check_only=check))


@generate.command()
def rules(config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False) -> None:
    """Write the Prometheus rules of this configuration."""
    from generate.files import rule_files
    from workflows.cost import config_within_budget
    from workflows.plan import load_plan
    from workflows.plugins import known_checks

    plan = load_plan(config)
    files = rule_files(config_within_budget(plan), known_checks(), plan.collectors)
    raise typer.Exit(files.write(output, check_only=check))


@generate.command()
def alertmanager(
    config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False
) -> None:
    """Write the Alertmanager routes of this configuration. Receivers and inhibitions are included."""
    from generate.files import alertmanager_files
    from workflows.plan import load_plan

    raise typer.Exit(alertmanager_files(load_plan(config).config).write(output, check_only=check))


@generate.command()
def dashboards(
    config: ConfigPath = DEFAULT_CONFIG, output: OutputFolder = Path("deploy"), check: CheckOnly = False
) -> None:
    """Write the Grafana dashboards of this configuration."""
    from generate.files import dashboard_files
    from workflows.plan import load_plan

    raise typer.Exit(dashboard_files(load_plan(config).config).write(output, check_only=check))
