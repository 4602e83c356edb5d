"""A check of the age of the newest dump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text
from checks.backup.dump_listing import stored_dumps


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpFreshness:
    """The number of dumps and the time of the newest; `aws_time` is the time at AWS of the response."""

    count: int
    newest_key: str
    newest_modified: datetime | None
    aws_time: datetime | None


def dump_freshness(aws: AwsClient, dumps: DumpBackups) -> DumpFreshness:
    """The dumps under the prefix, from one complete listing. Raises: ObservationError, NotFoundError."""
    stored, aws_time = stored_dumps(aws, dumps)
    if not stored:
        return DumpFreshness(count=0, newest_key="", newest_modified=None, aws_time=aws_time)
    newest = stored[-1]
    return DumpFreshness(
        count=len(stored), newest_key=newest.key, newest_modified=newest.last_modified, aws_time=aws_time
    )


@check(
    "backup.dump.freshness",
    component=DumpBackups,
    observe=dump_freshness,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("s3:ListBucket",),
    promises=("stale_after",),
)
def newest_dump_is_fresh(facts: DumpFreshness, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is no older than promised.

    Why: A backup job that stopped reports no error, and everything written since the newest dump would be lost.
    Reads: s3:ListObjectsV2 under the prefix: the LastModified of the newest object, compared with the clock of AWS. A
    complete listing without a dump is a failure.
    Unverified when: The call is denied, throttled or fails, the listing is incomplete, or the newest dump is ahead of
    the clock of AWS.
    Fix: Read the log of the last run of the backup job, run the job by hand, and confirm that the dump arrives.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    expected = f"a dump no older than {format_duration(dumps.stale_after)}"
    newest_age = age(facts.newest_modified, facts.aws_time or now)
    if not facts.count:
        yield failed("There is no dump", observed="no dump", expected=expected)
        return
    if newest_age is None:
        ahead = "The time of the newest dump is ahead of the clock of AWS"
        yield unverified(Reason.UNSUPPORTED, ahead, observed=facts.newest_key, expected=expected)
        return
    observed = f"the newest of {facts.count} dumps, {facts.newest_key}, is {minutes_text(newest_age)} old"
    if newest_age > dumps.stale_after:
        yield failed("The newest dump is too old", observed=observed, expected=expected)
    else:
        yield passed("The newest dump is recent enough", observed=observed, expected=expected)
