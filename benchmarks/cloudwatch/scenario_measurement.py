"""What a scenario measured: each figure beside the physical limit, the aim, and a peer where one was run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioMeasurement:
    """One figure. `lower_bound` is the least that it could be, by the formula in `formula`; `goal` is what was set out for.

    An aim is met at or below it; units are said in `unit` (calls, s, ms, MB, series, ...).
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
        """Whether the aim was met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON may hold it."""
        said = asdict(self) | {"met": self.goal_met}
        return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in said.items()}


def format_table(figures: Iterable[ScenarioMeasurement], *, peer: bool) -> str:
    """The figures as people read them, one line each."""
    lines = [_line("", "ours", "limit", "aim", "peer" if peer else "", "")]
    for one in figures:
        verdict = {None: "", True: "", False: "  MISSED"}[one.goal_met]
        ours = f"{format_number(one.value)} {one.unit}".strip()
        aim = "" if one.goal is None else format_number(one.goal)
        limit = "" if one.lower_bound is None else format_number(one.lower_bound)
        lines.append(
            _line(one.what, ours, limit, aim, format_number(one.peer) if one.peer is not None else "", one.formula)
            + verdict
        )
    return "\n".join(line.rstrip() for line in lines)


def format_number(value: float) -> str:
    """A number with three digits at least, and none after the point that say nothing."""
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  # readable


def _line(*cells: str) -> str:
    what, ours, limit, aim, peer, by = cells
    return f"  {what:<58} {ours:>16} {limit:>11} {aim:>6} {peer:>8}  {by}"
