"""For every alerting rule, series that make it fire and series that do not, in the notation of promtool.

`up(5)` is a counter of 5 events a minute and `at(0.7)` a gauge; both last longer than any example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})
PLACE = 'aws_account_id="123456789012",aws_region="us-east-1"'
API = f'{PLACE},api="front",stage="prod",api_type="rest"'
FUNCTION = f'{PLACE},function_name="pay"'
TABLE = f'{PLACE},table_name="orders"'
INSTANCE = f'{PLACE},db_instance="main-1"'
PROXY = f'{PLACE},proxy_name="main-proxy"'
COLLECTOR = f'collector="aurora",{PLACE}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Series, and whether the rule of `alert` with the labels `of` fires `minutes` after they begin.

    `step` is the number of minutes between two values: days with a value every minute would take too long.
    """

    alert: str
    of: Mapping[str, str]
    fires: bool
    why: str
    series: Mapping[str, str]
    minutes: int = 40
    step: int = 1

    @property
    def name(self) -> str:
        """The name of the example among the tests."""
        return "-".join((self.alert, *self.of.values(), self.why)).replace(" ", "_").replace("/", "_")


def up(a_minute: float, minutes: int = 5000) -> str:
    """A counter."""
    return f"0+{a_minute:g}x{minutes}"


def at(value: float, minutes: int = 5000) -> str:
    """A constant gauge."""
    return f"{value:g}+0x{minutes}"


def then(*parts: tuple[float, int]) -> str:
    """A gauge that changes: each value, and for how many minutes."""
    return " ".join(f"{value:g}+0x{minutes - 1}" for value, minutes in parts)


def pair(
    alert: str,
    bad: Mapping[str, str],
    good: Mapping[str, str],
    why: str = "below",
    when: str = "above",
    *,
    minutes: int = 40,
    step: int = 1,
    of: Mapping[str, str] = NOTHING,
) -> Iterator[Example]:
    """Two examples of one rule: one that fires `when`, and one that does not because of `why`."""
    yield Example(alert=alert, of=of, fires=True, why=when, series=bad, minutes=minutes, step=step)
    yield Example(alert=alert, of=of, fires=False, why=why, series=good, minutes=minutes, step=step)


def quiet(
    alert: str,
    why: str,
    series: Mapping[str, str],
    *,
    minutes: int = 40,
    step: int = 1,
    of: Mapping[str, str] = NOTHING,
) -> Example:
    """One example that does not fire."""
    return Example(alert=alert, of=of, fires=False, why=why, series=series, minutes=minutes, step=step)


def gauge(
    alert: str, metric: str, labels: str, bad: float, good: float, *, minutes: int = 40, of: Mapping[str, str] = NOTHING
) -> Iterator[Example]:
    """A gauge above and below its limit, above for too short a time, flapping around its limit, and back for good."""
    series = f"{metric}{{{labels}}}"
    yield from pair(alert, {series: at(bad)}, {series: at(good)}, minutes=minutes, of=of)
    # Above the limit for one minute before the evaluation.
    yield quiet(alert, "not for long", {series: then((good, minutes), (bad, 10))}, minutes=minutes, of=of)
    yield Example(
        alert=alert,
        of=of,
        fires=True,
        why="flaps",
        series={series: then((bad, minutes), (good, 10))},
        minutes=minutes + 2,
    )
    yield quiet(alert, "over", {series: then((bad, minutes), (good, 200))}, minutes=minutes + 180, of=of)


def ratio(
    alert: str,
    part: str,
    whole: Mapping[str, float],
    bad: float,
    good: float,
    *,
    minutes: int = 40,
    of: Mapping[str, str] = NOTHING,
) -> Iterator[Example]:
    """A part of a whole, as rates a minute; and the same ratio with few events."""
    yield from pair(
        alert,
        {**{name: up(rate) for name, rate in whole.items()}, part: up(bad)},
        {**{name: up(rate) for name, rate in whole.items()}, part: up(good)},
        minutes=minutes,
        of=of,
    )
    # A thousandth of the traffic, with the same bad ratio.
    few = {**{name: up(rate / 1000) for name, rate in whole.items()}, part: up(bad / 1000)}
    yield quiet(alert, "low traffic", few, minutes=minutes, of=of)
