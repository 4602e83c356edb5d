"""The figures of a scenario beside the physical limit, the goal, and a peer if one was run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioMeasurement:
    """One figure; `lower_bound` is the physical limit by `formula`, `goal` is the target.

    A goal is met at or below it; `unit` is calls, s, ms, MB, series and so on.
    """

    scenario: str
    what: str
    value: float
    unit: str = ""
    lower_bound: float | None = None
    formula: str = ""
    goal: float | None = None
    peer: float | None = None

    @property
    def goal_met(self) -> bool | None:
        """Whether the goal was met; None without one."""
        return None if self.goal is None else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        values = asdict(self) | {"met": self.goal_met}
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()
        }


def format_table(figures: Iterable[ScenarioMeasurement], *, peer: bool) -> str:
    """The figures as a table, one line each."""
    lines = [_line("", "ours", "limit", "target", "peer" if peer else "", "")]
    for one in figures:
        marker = {None: "", True: "", False: "  MISSED"}[one.goal_met]
        ours = f"{format_number(one.value)} {one.unit}".strip()
        goal = "" if one.goal is None else format_number(one.goal)
        limit = "" if one.lower_bound is None else format_number(one.lower_bound)
        lines.append(
            _line(one.what, ours, limit, goal, format_number(one.peer) if one.peer is not None else "", one.formula)
            + marker
        )
    return "\n".join(line.rstrip() for line in lines)


def format_number(value: float) -> str:
    """A number with at least three digits, without meaningless decimals."""
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  # readable


def _line(*cells: str) -> str:
    what, ours, limit, goal, peer, by = cells
    return f"  {what:<58} {ours:>16} {limit:>11} {goal:>6} {peer:>8}  {by}"
