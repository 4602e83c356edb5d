"""A check that the promised daily, weekly, monthly and yearly dumps are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, TypeAlias

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.backup.dump_listing import content_dates, dumps_of_database, list_dumps

_TIERS = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
    "yearly": timedelta(days=366),
}
# A dump near midnight or at the end of a month can be half a period late; then the next is not missing.
_LATE = 1.5
# The oldest dump of a tier has just become the last but one, or months and years are shorter than the longest.
_SLACK = 0.25
_MIN_BYTES = 64

_State: TypeAlias = Literal["kept", "lost", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDumps:
    """The first and the last dump of each day in UTC, oldest first; dumps that are incomplete or empty do not count."""

    moments: tuple[datetime, ...]
    aws_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tier:
    name: str
    state: _State
    text: str


def kept_dumps(aws: AwsClient, dumps: DumpBackups) -> KeptDumps:
    """The dates of the dumps of the database, from one complete listing. Raises: ObservationError, NotFoundError."""
    listing = list_dumps(aws, dumps)
    ours = [dump for dump in dumps_of_database(listing, dumps) if dump.complete and dump.size_bytes >= _MIN_BYTES]
    days = dict[date, list[datetime]]()
    for moment in sorted(content_dates(ours, dumps.stale_after).values()):
        days.setdefault(moment.date(), []).append(moment)
    moments = (moment for _, found in sorted(days.items()) for moment in dict.fromkeys((found[0], found[-1])))
    return KeptDumps(moments=tuple(moments), aws_time=listing.aws_time)


@check(
    "backup.dump.kept",
    component=DumpBackups,
    observe=kept_dumps,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("s3:ListBucket",),
    promises=("keep",),
)
def dumps_are_kept(kept: KeptDumps, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The promised numbers of daily, weekly, monthly and yearly dumps are kept, since the first dump if it is younger.

    Why: A lifecycle rule or a job that prunes too much is noticed when an old state is needed, and then it is too late.
    Reads: s3:ListObjectsV2 under the prefix. Of each tier, the dumps have to reach back as many periods as are
    promised, and no two in a row may be more than one and a half periods apart. Periods before `since` are not
    promised. A dump counts on the date of its content, as in backup.dump.freshness.
    Unverified when: The call is denied, throttled or fails, the listing is incomplete, names do not say which dumps are
    of the database, or the oldest dump is younger than promised and `since` is not declared: then older dumps may have
    been deleted, or never made.
    Fix: Correct the lifecycle rule of the bucket or the job that prunes, and copy a dump into each tier that lacks one.
    Declare `since` if the backups are younger than the promise.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    aws_now = kept.aws_time or now
    promised = {name: getattr(dumps.keep, name) for name in _TIERS}
    expected = ", ".join(f"{count} {name}" for name, count in promised.items() if count)
    if not kept.moments:
        yield failed("There is no dump", observed="no dump", expected=expected)
        return
    tiers = [_tier(name, count, kept.moments, dumps, aws_now) for name, count in promised.items() if count]
    observed = "; ".join(f"{tier.name}: {tier.text}" for tier in tiers)
    lost = [tier.name for tier in tiers if tier.state == "lost"]
    unknown = [tier.name for tier in tiers if tier.state == "unknown"]
    if lost:
        yield failed(f"Promised dumps are not kept: {', '.join(lost)}", observed=observed, expected=expected)
    elif unknown:
        summary = f"The oldest dump is younger than promised: {', '.join(unknown)}"
        remedy = "declare `since`, the day of the first dump; if there were older ones, find out what deleted them"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The promised dumps are kept", observed=observed, expected=expected)


def _tier(name: str, count: int, moments: Sequence[datetime], dumps: DumpBackups, now: datetime) -> _Tier:
    """Whether the tier is kept: how far back it has to reach, and the widest gap on the way."""
    period = _TIERS[name]
    start = now - max(count - 1 - _SLACK, 0) * period
    since = datetime.combine(dumps.since, time.max, UTC) if dumps.since else None
    if since is not None and since > start:
        # The first dump of the tier is due by then.
        start = since + _LATE * period
    older = [moment for moment in moments if moment <= start]
    chain = [*older[-1:], *(moment for moment in moments if moment > start), now]
    gap, end = max((later - earlier, later) for earlier, later in pairwise(chain))
    if gap > _LATE * period:
        return _Tier(name=name, state="lost", text=f"none for {gap.days} days until {end:%Y-%m-%d}")
    text = f"back to {chain[0]:%Y-%m-%d}"
    if older:
        return _Tier(name=name, state="kept", text=text)
    return _Tier(name=name, state="lost" if since is not None else "unknown", text=text)
