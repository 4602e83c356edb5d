"""Texts of the configuration with placeholders, such as `https://docs.example.com/{alert}`."""

from __future__ import annotations

import re

from pydantic import BeforeValidator

from basewatch.errors import InvalidValueError, display_value


def template_of(*placeholders: str) -> BeforeValidator:
    """A text in which only these placeholders, in braces, may stand. Raises: InvalidValueError, when it is read."""

    def parse(value: object) -> object:
        found = set(re.findall(r"\{(.*?)\}", value)) if isinstance(value, str) else set()
        if unknown := sorted(found - set(placeholders)):
            known = ", ".join(f"{{{name}}}" for name in placeholders)
            raise InvalidValueError(
                f"{display_value(value)} has the unknown placeholder '{unknown[0]}'", f"the placeholders are {known}"
            )
        return value

    return BeforeValidator(parse)
