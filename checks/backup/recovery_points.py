"""Checks of a resource's recovery points in AWS Backup: the newest is fresh and whole, and older ones are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from statistics import median

from basewatch.check import check
from basewatch.components import BackedUpComponent
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text
from checks.backup.recovery_points_facts import STATUSES, RecoveryPoint, RecoveryPoints, recovery_points
from checks.backup.retention_tiers import tiers_verdict

_COMPARED = 14
_ENOUGH = 3
_SMALL = 0.5


@check(
    "backup.points.health",
    component=BackedUpComponent,
    observe=recovery_points,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("backup:ListRecoveryPointsByResource",),
    promises=("recovery_points",),
)
def newest_point_is_usable(facts: RecoveryPoints, component: BackedUpComponent, now: datetime) -> Iterator[Verdict]:
    """The newest recovery point of the resource is in the declared vault, usable, fresh, and not suddenly small.

    Why: A backup plan that names a resource does not back it up while its tag, its exclusions or the opt-in of the
    region leave it out, and nothing fails then. Only a recovery point shows that a job succeeded.
    Reads: backup:ListRecoveryPointsByResource: vault, time, status and size of each. COMPLETED and AVAILABLE are
    usable. A continuous one counts as fresh while it is usable, because AWS stops it when it no longer goes on;
    backup.aurora.rpo judges how fresh. The size is compared with the median of the 14 before: less than half fails. AWS
    states no size for Aurora, so there it is not judged.
    Unverified when: The call is denied, throttled or fails, a point lacks a time or a status, or the newest has a
    status that is not known.
    Fix: In AWS Backup look at the jobs of the resource, then at the selection of the plan: aws backup
    get-backup-selection (Resources, NotResources, Conditions), aws backup describe-region-settings (the opt-in of its
    type). Declare `sizes_since` if the resource shrank on purpose.
    Source: AWS Backup Developer Guide, API reference, RecoveryPointByResource,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByResource.html
    """
    declared = component.recovery_points
    if declared is None:
        return
    aws_now = facts.aws_time or now
    expected = f"a usable recovery point in {declared.vault}, not older than {format_duration(declared.stale_after)}"
    ended = [point for point in facts.points if point.status != "CREATING"]
    usable = [point for point in ended if point.usable]
    if not ended:
        elsewhere = f", points in {', '.join(facts.elsewhere)}" if facts.elsewhere else ""
        observed = f"none in {declared.vault}{elsewhere}"
        yield failed("The declared vault has no recovery point", observed=observed, expected=expected)
        return
    newest = ended[-1]
    observed = f"newest {newest.status}, {minutes_text(max(aws_now - newest.created, timedelta()))} old"
    if newest.status not in STATUSES:
        summary = f"The newest recovery point has a status that Basewatch does not know: {newest.status}"
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected)
        return
    if newest.status == "PARTIAL":
        yield failed("The newest recovery point is incomplete", observed=observed, expected=expected)
        return
    lasting = [point for point in usable if point.continuous]
    single = [point for point in usable if not point.continuous]
    latest = single[-1] if single else None
    past = age(latest.created, aws_now) if latest else None
    if latest and past is None and not lasting:
        summary = "The newest recovery point is from the future"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    elif not lasting and (past is None or past > declared.stale_after):
        summary = (
            f"The newest usable recovery point is {minutes_text(past)} old" if past else "No recovery point is usable"
        )
        yield failed(summary, observed=observed, expected=expected)
    elif latest and (shrunk := _shrunk(single, component)):
        yield failed(f"The newest recovery point is much smaller: {shrunk}", observed=observed, expected=expected)
    else:
        how = "continuous" if lasting and (past is None or past > declared.stale_after) else "fresh"
        count = f", {len(usable)} usable"
        yield passed(f"The newest recovery point is usable and {how}", observed=observed + count, expected=expected)


def _shrunk(points: list[RecoveryPoint], component: BackedUpComponent) -> str:
    """How much smaller the newest is than those before; empty when it is not, or nothing can be compared."""
    declared = component.recovery_points
    since = datetime.combine(declared.sizes_since, time.min, UTC) if declared and declared.sizes_since else None
    compared = [point for point in points[:-1] if point.size_bytes and (since is None or point.created >= since)]
    sizes = [point.size_bytes for point in compared[-_COMPARED:]]
    if len(sizes) < _ENOUGH or points[-1].size_bytes >= _SMALL * median(sizes):
        return ""
    return f"{points[-1].size_bytes} bytes, and {median(sizes):.0f} usually"


@check(
    "backup.points.kept",
    component=BackedUpComponent,
    observe=recovery_points,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("backup:ListRecoveryPointsByResource",),
    promises=("recovery_points.keep",),
)
def points_are_kept(facts: RecoveryPoints, component: BackedUpComponent, now: datetime) -> Iterator[Verdict]:
    """The promised numbers of daily, weekly, monthly and yearly recovery points are kept and usable.

    Why: 35 days of automated backups hold no monthly state, and a lifecycle that deletes too much is noticed when an
    old state is needed.
    Reads: backup:ListRecoveryPointsByResource: the usable points in the declared vault. Of each tier they have to reach
    back as many periods as are promised, and no two in a row may be more than one and a half periods apart. Periods
    before `since` are not promised.
    Unverified when: The call is denied, throttled or fails, or the oldest point is younger than promised and `since` is
    not declared.
    Fix: Correct the lifecycle of the rules in the backup plan. Declare `since` if the backups are younger than the
    promise.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    declared = component.recovery_points
    if declared is None:
        return
    unknown = sorted({point.status for point in facts.points} - STATUSES)
    moments = [point.created for point in facts.points if point.usable and not point.continuous]
    verdict = tiers_verdict(moments, declared.keep, declared.since, facts.aws_time or now, noun="recovery point")
    if unknown and verdict.status is Status.FAIL:
        summary = f"Recovery points have a status that Basewatch does not know: {', '.join(unknown)}"
        verdict = unverified(Reason.UNSUPPORTED, summary, observed=verdict.observed, expected=verdict.expected)
    yield verdict
