"""The metrics that a check needs from further back than its window, at longer periods, which cost few datapoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from basewatch.components import BackupVault, Component, EventRule, Slo
from checks.service.sli_families import sli_families

BLOCK = timedelta(hours=6)
"""The period of the past: a month of a metric has 120 datapoints."""

MINUTE = timedelta(minutes=1)
MINUTES_BACK = timedelta(days=13)
"""How far back the minutes of a percentile are read: CloudWatch keeps them for 15 days, and a pass may be late."""

FINE_PERIOD = timedelta(minutes=5)
"""The period of a percentile from further back; over a longer one nothing shows how many minutes were slow."""

BACKUP_PAST = timedelta(days=35)
"""How far back the last job of a vault is looked for: a monthly plan has one."""

LONG_INTERVAL = timedelta(days=1)
"""Rules that trigger less often are judged by the hour, as a month of minutes is more than CloudWatch keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNeed:
    """Metrics of a component (its ref) for `length` before the window, in periods of `period`."""

    component: str
    families: frozenset[str]
    length: timedelta
    period: timedelta
    quantile: str = ""


def past_needs(component: Component) -> Iterator[PastNeed]:
    """The past that the checks of a component need; most need none."""
    match component:
        case Slo():
            families = sli_families(component)

            def need(length: timedelta, period: timedelta) -> PastNeed:
                return PastNeed(
                    component=component.of,
                    families=families.past,
                    length=length,
                    period=period,
                    quantile=families.quantile,
                )

            if not families.quantile:
                yield need(component.window, BLOCK)
            else:
                yield need(min(component.window, MINUTES_BACK), MINUTE)
                if component.window > MINUTES_BACK:
                    yield need(component.window, FINE_PERIOD)
        case EventRule(every=timedelta() as every) if every > LONG_INTERVAL:
            yield PastNeed(
                component=component.ref,
                families=frozenset({TRIGGERED}),
                length=every,
                period=timedelta(hours=1),
            )
        case BackupVault(no_failed_jobs=True):
            yield PastNeed(component=component.ref, families=ENDED_JOBS, length=BACKUP_PAST, period=BLOCK)
        case _:
            pass


TRIGGERED = "aws_events_triggered_rules_total"
ENDED_JOBS = frozenset(
    f"aws_backup_{jobs}_total" for jobs in ("jobs_completed", "jobs_failed", "copy_jobs_completed", "copy_jobs_failed")
)
"""The families that show that a job of a vault ended."""
