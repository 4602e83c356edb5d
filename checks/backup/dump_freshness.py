"""Judges whether dumps keep arriving."""

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
    """How many dumps there are and when the newest arrived; `aws_time` is AWS' own when it was asked."""

    count: int
    newest_key: str
    newest_modified: datetime | None
    aws_time: datetime | None


def dump_freshness(aws: AwsClient, dumps: DumpBackups) -> DumpFreshness:
    """The dumps under the prefix, from one whole listing."""
    kept, clock = stored_dumps(aws, dumps)
    if not kept:
        return DumpFreshness(count=0, newest_key="", newest_modified=None, aws_time=clock)
    return DumpFreshness(
        count=len(kept), newest_key=kept[-1].key, newest_modified=kept[-1].last_modified, aws_time=clock
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
def newest_dump_is_fresh(listed: DumpFreshness, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is no older than the promise allows.

    Why: A job that stopped making dumps makes no error either; what was written since the newest one is lost.
    Reads: s3:ListObjectsV2 under the prefix: the LastModified of the newest object, against AWS' own clock. A whole
    listing without a dump is a broken promise.
    Unverified when: The call is denied, throttled or fails, the listing is not whole, or the newest dump lies ahead of
    AWS' clock.
    Fix: Look at the last run of the backup job, run it by hand, and see that the dump arrives.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    expected = f"a dump no older than {format_duration(dumps.stale_after)}"
    old = age(listed.newest_modified, listed.aws_time or now)
    observed = (
        "no dump" if old is None else f"the newest of {listed.count}, {listed.newest_key}, is {minutes_text(old)} old"
    )
    if not listed.count:
        yield failed("There is no dump", observed=observed, expected=expected)
    elif old is None:
        ahead = "The newest dump is dated ahead of AWS' clock"
        yield unverified(Reason.UNSUPPORTED, ahead, observed=listed.newest_key, expected=expected)
    elif old > dumps.stale_after:
        yield failed("The newest dump is stale", observed=observed, expected=expected)
    else:
        yield passed("The newest dump is fresh", observed=observed, expected=expected)
