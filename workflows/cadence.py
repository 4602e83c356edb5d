"""What a running exporter looks at more often than passes come: promises that are broken within hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from basewatch.components import DumpBackups
from basewatch.quantities import duration_text
from checks.judging import Planned
from workflows.plan import Plan

_LOOKS = 4
"""How often it is looked within the time after which a backup set is stale, so that this is told soon after."""
_PROMISE = "stale_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Often:
    """A part of a plan, and how often it is looked at."""

    every: timedelta
    plan: Plan


def backups(plan: Plan) -> Often | None:
    """The freshness of every backup set, where a pass would be too late for one of them; None where none would."""
    declared = (p.component for p in plan.checks if _PROMISE in p.check.promises)
    after = [component.stale_after for component in declared if isinstance(component, DumpBackups)]
    if not after or min(after) >= plan.config.run.every:
        return None
    every = min(after) / _LOOKS
    return Often(every=every, plan=plan.narrowed(f"backups, as every {duration_text(every)}", _judges))


def _judges(planned: Planned) -> bool:
    return _PROMISE in planned.check.promises
