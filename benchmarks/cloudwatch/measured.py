"""What a scenario measured: each figure beside the physical limit, the aim, and a peer where one was run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure. `limit` is the least that it could be, by the formula in `by`; `aim` is what was set out for.

    An aim is met at or below it; units are said in `unit` (calls, s, ms, MB, series, ...).
    """

    scenario: str
    what: str
    ours: float
    unit: str = ""
    limit: float | None = None
    by: str = ""
    aim: float | None = None
    peer: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; None where there is none."""
        return None if self.aim is None else self.ours <= self.aim

    def told(self) -> dict[str, Any]:
        """Everything as JSON may hold it."""
        said = asdict(self) | {"met": self.met}
        return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in said.items()}


def table(figures: Iterable[Measured], *, peer: bool) -> str:
    """The figures as people read them, one line each."""
    lines = [_line("", "ours", "limit", "aim", "peer" if peer else "", "")]
    for one in figures:
        verdict = {None: "", True: "", False: "  MISSED"}[one.met]
        ours = f"{number(one.ours)} {one.unit}".strip()
        aim = "" if one.aim is None else number(one.aim)
        limit = "" if one.limit is None else number(one.limit)
        lines.append(
            _line(one.what, ours, limit, aim, number(one.peer) if one.peer is not None else "", one.by) + verdict
        )
    return "\n".join(line.rstrip() for line in lines)


def number(value: float) -> str:
    """A number with three digits at least, and none after the point that say nothing."""
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  # readable


def _line(*cells: str) -> str:
    what, ours, limit, aim, peer, by = cells
    return f"  {what:<58} {ours:>16} {limit:>11} {aim:>6} {peer:>8}  {by}"
