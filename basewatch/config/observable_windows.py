"""Refuses times that cannot be looked at: shorter than a metric's period, or longer than CloudWatch keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.config.yaml_document import KeyPath, YamlDocument
from basewatch.errors import InvalidValueError, Problem
from basewatch.metrics import kept_for
from basewatch.quantities import format_duration, parse_duration

_MINUTE = timedelta(minutes=1)
_RUN: KeyPath = ("run",)
_DEFAULTS = {"every": "6h", "lookback": "1h"}


def unobservable_windows(document: YamlDocument) -> Iterator[Problem]:
    """Every time of a promise, and of the passes, that CloudWatch cannot show."""
    window = max(_duration(document.value((*_RUN, key))) or parse_duration(text) for key, text in _DEFAULTS.items())
    for key in _DEFAULTS:
        yield from _outside(document, (*_RUN, key), shortest=_MINUTE, period=_MINUTE, window=timedelta())
    for at in document.value_locations:
        if at[:1] != ("components",):
            continue
        value = document.value(at)
        if isinstance(value, str) and " for " in value:
            sustained = _duration(value.partition(" for ")[2])
            yield from _outside(document, at, shortest=_MINUTE, period=_MINUTE, window=window, value=sustained)
        elif at[1:2] == ("event_rules",) and at[3:] == ("every",):
            yield from _outside(document, at, shortest=_MINUTE, period=timedelta(hours=1), window=window)
        elif at[1:2] == ("slos",) and at[3:] == ("window",):
            latency = document.value((*at[:3], "sli")) == "latency"
            period = timedelta(minutes=5) if latency else timedelta(hours=1)
            yield from _outside(document, at, shortest=timedelta(days=1), period=period, window=window)


def _outside(
    document: YamlDocument,
    at: KeyPath,
    *,
    shortest: timedelta,
    period: timedelta,
    window: timedelta,
    value: timedelta | None = None,
) -> Iterator[Problem]:
    """A problem, if the time is too short, or too long together with the window of a pass."""
    length, kept = value or _duration(document.value(at)), kept_for(period)
    if not length:
        return
    units = {timedelta(minutes=1): "minutes", timedelta(minutes=5): "periods of five minutes"}.get(period, "hours")
    if length < shortest:
        what = "a metric has one value a minute" if shortest == _MINUTE else "its past is read in blocks of six hours"
        yield document.problem(
            at,
            f"{format_duration(length)} is shorter than {format_duration(shortest)}, and {what}",
            f"write {format_duration(shortest)} or longer",
        )
    elif length > kept:
        yield document.problem(
            at,
            f"{format_duration(length)} is longer than CloudWatch keeps {units} ({format_duration(kept)})",
            "shorten it",
        )
    elif length + window > kept:
        yield document.problem(
            at,
            f"{format_duration(length)} before the {format_duration(window)} of a pass is longer than CloudWatch keeps "
            f"{units} ({format_duration(kept)})",
            "shorten it, or run.every and run.lookback",
        )


def _duration(value: object) -> timedelta | None:
    try:
        return parse_duration(value)
    except InvalidValueError:
        return None
