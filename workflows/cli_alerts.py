"""The commands on open alerts: list, ack, silence, history."""
# ruff: noqa: PLC0415  # as in workflows/cli.py: each command imports its heavy modules itself

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from workflows.options import DEFAULT_CONFIG, ConfigPath, OutputFormat, ResultFormat

alerts = typer.Typer(help="Show the open alerts, and take them on.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The key of an alert, or enough of its beginning.")]


@alerts.command("list")
def list_alerts(config: ConfigPath = DEFAULT_CONFIG, output: OutputFormat = ResultFormat.TEXT) -> None:
    """List every open alert: since when, who was notified, who has taken it on."""
    from workflows import alert_commands
    from workflows.commands import existing_history, utc_now

    with existing_history(config, os.environ) as history:
        found = alert_commands.listed(history)
    if output is ResultFormat.JSON:
        _print_json(alert_commands.alerts_json(found))
    else:
        typer.echo(alert_commands.alerts_text(found, utc_now()))


@alerts.command()
def ack(
    key: Key,
    by: Annotated[str, typer.Option("--by", envvar=["GITHUB_ACTOR", "USER"], help="Who takes the alert on.")],
    config: ConfigPath = DEFAULT_CONFIG,
    note: Annotated[str, typer.Option("--note", help="What others should know.")] = "",
) -> None:
    """Take an alert on. It is not repeated and does not escalate until it ends; its end is notified as ever."""
    from workflows import alert_commands
    from workflows.commands import existing_history, utc_now

    with existing_history(config, os.environ) as history:
        taken = alert_commands.acknowledge(history, key, by, note, utc_now())
    typer.echo(f"{by} has taken on {taken.alert.key[: alert_commands.KEY_CHARS]}: {taken.alert.check}")


@alerts.command()
def silence(
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="Why it is accepted.")],
    until: Annotated[str, typer.Option("--until", help="When that ends: 2026-12-31, or with a time and its zone.")],
    owner: Annotated[str, typer.Option("--owner", envvar=["GITHUB_ACTOR", "USER"], help="Who answers for it.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Print the entry for alerts.silences that silences an alert. Silences are in Git, where a review sees them."""
    from workflows import alert_commands
    from workflows.commands import existing_history

    with existing_history(config, os.environ) as history:
        chosen = alert_commands.find(alert_commands.listed(history), key)
    typer.echo("Add this to alerts.silences in the configuration:", err=True)
    typer.echo(alert_commands.silence_yaml(chosen.alert, owner, reason, until))


@alerts.command("history")
def show_history(
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="Only of this alert, which may have ended.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the newest.")] = 50,
    output: OutputFormat = ResultFormat.TEXT,
) -> None:
    """Show the notifications that were decided, and what became of each."""
    from workflows import alert_commands
    from workflows.commands import existing_history

    with existing_history(config, os.environ) as history:
        log = history.notification_log(key, limit)
    if output is ResultFormat.JSON:
        _print_json(alert_commands.log_json(log))
    else:
        typer.echo(alert_commands.log_text(log))


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
