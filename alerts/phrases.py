"""The phrases of which messages are made: durations, moments, sources, and how bad something is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from basewatch.alert import Alert
from basewatch.model import Proof, Severity

URGENCY: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "Critical: act now",
    Severity.HIGH: "High: act today",
    Severity.MEDIUM: "Medium: act this week",
    Severity.LOW: "Low: plan it",
}
PROOFS: Final[Mapping[Proof, str]] = {
    Proof.CONFIGURATION: "the configuration was read",
    Proof.SAMPLE: "a sample was read",
    Proof.POPULATION: "all of it was read",
    Proof.BEHAVIOUR: "it was tried",
}
_FIGURE_MAX_CHARS = 40


def moment(at: datetime) -> str:
    """A time to the minute, such as `2026-03-02 18:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def shortened(text: str, limit: int) -> str:
    """The text in at most `limit` characters. Of a longer one its middle is left out: names differ at their ends."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 1].rstrip()}…"


def figures(summary: str, observed: str, expected: str) -> str:
    """What was observed and expected, in brackets, when both are short and the summary does not say it itself."""
    if observed == "absent":
        return ""
    told = [
        f"{name}{text}"
        for name, text in (("", observed), ("expected ", expected))
        if text and len(text) <= _FIGURE_MAX_CHARS and text not in summary
    ]
    return f" ({', '.join(told)})" if told and observed and observed not in summary else ""


def place(source: str) -> str:
    """A source in words: `aws:123456789012/us-east-1` is `AWS account 123456789012, us-east-1`."""
    kind, _, rest = source.partition(":")
    name, _, part = rest.partition("/")
    match kind:
        case "aws":
            return ", ".join(filter(None, (f"AWS account {name}", part)))
        case "postgresql":
            return f"database {name}{_endpoint(part)}"
        case _:
            return source


def _endpoint(part: str) -> str:
    kind, _, role = part.partition("/")
    match kind:
        case "":
            return ""
        case "login":
            return f" as {role}"
        case "proxy":
            return f" through its proxy as {role}"
        case _:
            return f" ({kind})"


def how_known(alert: Alert) -> str:
    """How the state is known: the strength of the proof, the source, and when it was read; empty if nothing was."""
    if alert.proof is None or alert.observed_at is None:
        return ""
    return f"{PROOFS[alert.proof]} in {place(alert.source)} at {moment(alert.observed_at)}"
