"""Silences that end soon, have ended, or silence nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.clients import PastPasses
from basewatch.components import Watcher
from basewatch.components.watcher import DeclaredSilence
from basewatch.model import Proof, Severity, Verdict, failed, passed

_WARNING = timedelta(days=7)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceUse:
    """The names of the silences that match nothing that is checked."""

    unused: tuple[str, ...]


def silence_use(history: PastPasses, _watcher: Watcher) -> SilenceUse:
    """Which silences the checks of this pass, and the findings of the last, have no use for. No request is sent."""
    return SilenceUse(unused=history.unused_silences)


@check(
    "watcher.silences.in_use",
    component=Watcher,
    observe=silence_use,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=(),
    promises=("silences",),
)
def every_silence_is_in_use(facts: SilenceUse, watcher: Watcher, now: datetime) -> Iterator[Verdict]:
    """Every silence and maintenance window is in use, and does not end within a week.

    Why: A silence that nobody remembers hides the next failure. One that ends unnoticed lets an old failure page again.
    Reads: alerts.silences and alerts.maintenance of the configuration, the checks of this pass, and the findings of the
    last. The check is expected of `run` and `serve` only.
    Unverified when: The history cannot be read.
    Fix: Extend the silence with its owner, repair what it hides, or remove it from the configuration.
    Source: docs/alerts.md
    """
    for silence in watcher.silences:
        problem, remedy = _problem(silence, facts, now)
        until = f"until {silence.until:%Y-%m-%d %H:%M} UTC"
        expected = "in use, with more than a week left, and a year at most"
        observed = f"{until}, of {silence.owner}: {silence.reason}"
        if problem:
            yield failed(
                f"The silence of {silence.name} {problem}",
                subject=silence.name,
                observed=observed,
                expected=expected,
                remedy=remedy,
            )
        else:
            yield passed(
                f"The silence of {silence.name} is in use {until}",
                subject=silence.name,
                observed=observed,
                expected=expected,
            )


def _problem(silence: DeclaredSilence, facts: SilenceUse, now: datetime) -> tuple[str, str]:
    """What is wrong with a silence, and what to do; both are empty when nothing is."""
    remove = "Remove it from `alerts` in the configuration"
    if silence.until <= now:
        return f"ended on {silence.until:%Y-%m-%d}", f"{remove}."
    if silence.name in facts.unused:
        return "matches nothing that is checked", f"{remove}, or correct its `match`."
    if silence.until - now <= _WARNING:
        days = (silence.until - now) // timedelta(days=1)
        left = f"in {days} day{'s' if days > 1 else ''}" if days else "today"
        return f"ends {left}", f"Repair what it hides, or agree on a later date with {silence.owner}."
    if silence.until - max(now, silence.start or now) > _LONGEST:
        return "has no end within a year", "Give it an end that somebody will remember: a year at most."
    return "", ""
