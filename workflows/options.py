"""The options that several commands share: one spelling and one help text each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ResultFormat(StrEnum):
    """How results are printed: as text, or as JSON alone on standard output."""

    TEXT = "text"
    JSON = "json"


class MatrixFormat(StrEnum):
    """How the matrix of a launch is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class FailOn(StrEnum):
    """The lowest severity of a FAIL that makes the exit status 1."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


ConfigPath = Annotated[Path, typer.Option("--config", help="The configuration: a file, or a folder of *.yaml files.")]
OutputFormat = Annotated[ResultFormat, typer.Option("--format", help="The output format.")]
FailOnOption = Annotated[
    FailOn, typer.Option("--fail-on", help="The lowest severity of a FAIL that makes the exit status 1.")
]
CheckGlob = Annotated[str, typer.Option("--only", help="Run only checks whose id matches this glob.")]
ComponentGlob = Annotated[
    str, typer.Option("--component", help="Check only components whose name or kind/name matches this glob.")
]
DEFAULT_CONFIG = Path("config.yaml")
