"""The arrays that function bodies collect from rows."""

from __future__ import annotations

from isolation.proof._body_conditions import within
from isolation.proof._body_tokens import Token, split


def aggregated(tokens: tuple[Token, ...]) -> tuple[Token, ...] | None:
    """The value that array_agg() collects, also as the first argument of coalesce(); None for another expression."""
    inner = within(tokens[1:])
    if inner is None:
        return None
    name = tokens[0].text.removeprefix("pg_catalog.")
    if name == "coalesce":
        first, *others = split(inner, ",")
        return aggregated(first) if all(_is_empty_array(other) for other in others) else None
    if name != "array_agg" or len(split(inner, ",")) != 1:
        return None
    value = inner[1:] if inner[:1] and inner[0].text == "distinct" else inner
    return None if any(token.text in {"order", "filter"} for token in value) else value


def _is_empty_array(tokens: tuple[Token, ...]) -> bool:
    """Whether a value is an array of nothing, or NULL, with or without a cast."""
    words = [token.text for token in split(tokens, "::")[0]]
    return words in (["'{}'"], ["array", "[", "]"], ["null"])
