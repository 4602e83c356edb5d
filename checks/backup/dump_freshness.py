"""Judges whether dumps keep arriving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import Aws
from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import duration_text
from checks.backup.clock import age, minutes_text
from checks.backup.dump_listing import dumps_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpsListed:
    """How many dumps there are and when the newest arrived; `clock` is AWS' own when it was asked."""

    count: int
    newest: str
    arrived: datetime | None
    clock: datetime | None


def dumps_listed(aws: Aws, dumps: DumpBackups) -> DumpsListed:
    """The dumps under the prefix, from one whole listing."""
    kept, clock = dumps_kept(aws, dumps)
    if not kept:
        return DumpsListed(count=0, newest="", arrived=None, clock=clock)
    return DumpsListed(count=len(kept), newest=kept[-1].key, arrived=kept[-1].arrived, clock=clock)


@check(
    "backup.dump.freshness",
    component=DumpBackups,
    observe=dumps_listed,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("s3:ListBucket",),
    promises=("stale_after",),
)
def newest_dump_is_fresh(listed: DumpsListed, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is no older than the promise allows.

    Why: A job that stopped making dumps makes no error either; what was written since the newest one is lost.
    Reads: s3:ListObjectsV2 under the prefix: the LastModified of the newest object, against AWS' own clock. A whole
    listing without a dump is a broken promise.
    Unverified when: The call is denied, throttled or fails, the listing is not whole, or the newest dump lies ahead of
    AWS' clock.
    Fix: Look at the last run of the backup job, run it by hand, and see that the dump arrives.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    expected = f"a dump no older than {duration_text(dumps.stale_after)}"
    old = age(listed.arrived, listed.clock or now)
    observed = (
        "no dump" if old is None else f"the newest of {listed.count}, {listed.newest}, is {minutes_text(old)} old"
    )
    if not listed.count:
        yield failed("There is no dump", observed=observed, expected=expected)
    elif old is None:
        ahead = "The newest dump is dated ahead of AWS' clock"
        yield unverified(Reason.UNSUPPORTED, ahead, observed=listed.newest, expected=expected)
    elif old > dumps.stale_after:
        yield failed("The newest dump is stale", observed=observed, expected=expected)
    else:
        yield passed("The newest dump is fresh", observed=observed, expected=expected)
