"""The command `launch`."""
# ruff: noqa: PLC0415  # `basewatch --help` takes 200 ms: boto3, SQLAlchemy and pydantic are imported by commands

from __future__ import annotations

import os
from typing import Annotated

import typer

from workflows.options import DEFAULT_CONFIG, ConfigPath, MatrixFormat


def launch(
    config: ConfigPath = DEFAULT_CONFIG,
    stage: Annotated[str, typer.Option("--stage", help="Decide this stage only, such as T-24h. Default: all.")] = "",
    output: Annotated[MatrixFormat, typer.Option("--format", help="The output format.")] = MatrixFormat.TEXT,
) -> None:
    """Run every check now and print the go/no-go matrix of the launch. Record nothing and send no alert."""
    from workflows import commands
    from workflows import launch as launching

    raise typer.Exit(launching.launch(commands.prepare(config, os.environ), stage=stage, output=output))
