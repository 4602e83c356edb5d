"""A check that the promised daily, weekly, monthly and yearly dumps are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Severity, Verdict
from checks.backup.dump_listing import content_dates, dumps_of_database, list_dumps
from checks.backup.retention_tiers import tiers_verdict

_MIN_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDumps:
    """The first and the last dump of each day in UTC, oldest first; dumps that are incomplete or empty do not count."""

    moments: tuple[datetime, ...]
    aws_time: datetime | None


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
    yield tiers_verdict(kept.moments, dumps.keep, dumps.since, kept.aws_time or now, noun="dump")
