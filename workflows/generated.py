"""Files made from the code, which CI compares with what is committed."""

from __future__ import annotations

from pathlib import Path

import orjson
import typer

from basewatch.config import Config


def config_schema() -> str:
    """The JSON Schema of the configuration."""
    schema = Config.model_json_schema()
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
    return orjson.dumps(schema, option=options).decode()


def write_or_compare(path: Path, text: str, *, compare: bool) -> int:
    """Writes `text` to `path`; with `compare` writes nothing and answers 1 when the file says something else."""
    current = path.is_file() and path.read_text(encoding="utf-8") == text
    if compare:
        if not current:
            typer.echo(f"{path} is not current; generate it again without --check", err=True)
        return 0 if current else 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(str(path))
    return 0
