"""The configuration's JSON Schema, for editors that complete and check while one types."""

from __future__ import annotations

from typing import cast

from basewatch.config.model import Config
from basewatch.model import JSON


def schema() -> dict[str, JSON]:
    """The JSON Schema (2020-12) of one configuration file; what links its parts is checked by loading alone."""
    described = cast("dict[str, JSON]", Config.model_json_schema(mode="validation"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Basewatch configuration",
    }
