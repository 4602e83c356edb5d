"""A check of the age of the newest dump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.check import FollowsFrom, check
from basewatch.components import DumpBackups, Relation
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text
from checks.backup.dump_listing import Attribution, content_dates, list_dumps
from checks.backup.dump_sets import StoredDump


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestOfFamily:
    """The newest dump of one family by the date of its content, and the one that was written last.

    `attribution` says whether the family is of the declared database. Incomplete dumps count for neither.
    """

    family: str
    attribution: Attribution
    count: int
    newest_key: str
    newest_content: datetime
    last_key: str
    last_written: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpFreshness:
    """The newest dumps by family; `objects` counts all objects under the prefix, `aws_time` is the time at AWS.

    `repository_key` is the key of a base backup under the prefix, or empty.
    """

    families: tuple[NewestOfFamily, ...]
    objects: int
    incomplete: int
    repository_key: str
    aws_time: datetime | None


def dump_freshness(aws: AwsClient, dumps: DumpBackups) -> DumpFreshness:
    """The dumps under the prefix, from one complete listing. Raises: ObservationError, NotFoundError."""
    listing = list_dumps(aws, dumps)
    families = tuple(
        _newest(name, attribution, tuple(dump for dump in members if dump.complete), dumps.stale_after)
        for name, attribution, members in listing.families
        if attribution != "other" and any(dump.complete for dump in members)
    )
    return DumpFreshness(
        families=families,
        objects=listing.objects,
        incomplete=sum(not dump.complete for _, _, members in listing.families for dump in members),
        repository_key=listing.repository_key,
        aws_time=listing.aws_time,
    )


def _newest(
    name: str, attribution: Attribution, members: tuple[StoredDump, ...], tolerance: timedelta
) -> NewestOfFamily:
    dates = content_dates(members, tolerance)
    newest = max(members, key=lambda dump: (dates[dump.key], dump.last_modified, dump.key))
    last = max(members, key=lambda dump: (dump.last_modified, dump.key))
    return NewestOfFamily(
        family=name,
        attribution=attribution,
        count=len(members),
        newest_key=newest.key,
        newest_content=dates[newest.key],
        last_key=last.key,
        last_written=last.last_modified,
    )


@check(
    "backup.dump.freshness",
    component=DumpBackups,
    observe=dump_freshness,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("s3:ListBucket",),
    promises=("stale_after",),
    follows_from=(FollowsFrom(check="inventory.aurora.available", of=Relation.CLUSTER),),
)
def newest_dump_is_fresh(facts: DumpFreshness, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The newest dump is no older than promised.

    Why: A backup job that stopped reports no error, and everything written since the newest dump would be lost.
    Reads: s3:ListObjectsV2 under the prefix: names, LastModified, sizes and ETags, compared with the clock of AWS.
    Digests, logs and manifests are no dumps. Dumps of other databases are recognised by their names, or by `pattern`. A
    dump is as old as the date in its name, or as the first dump with the same bytes, if that is older than its
    LastModified by more than `stale_after`. Files of one folder or parts of one file are one dump. A complete listing
    without a dump is a failure.
    Unverified when: The call is denied, throttled or fails, the listing is incomplete, the newest dump is ahead of the
    clock of AWS, an old dump was written again, names do not say which of several databases a dump is of, or the prefix
    holds base backups or a backup repository.
    Fix: Read the log of the last run of the backup job, run the job by hand, and confirm that the dump arrives.
    Source: NIST SP 800-53 Rev. 5, CP-9, https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1
    """
    expected = f"a dump no older than {format_duration(dumps.stale_after)}"
    if facts.repository_key:
        summary = "The prefix holds base backups or a backup repository, which Basewatch does not judge"
        remedy = "declare a `prefix` or a `pattern` that selects only the dumps of this database"
        yield unverified(Reason.UNSUPPORTED, summary, observed=facts.repository_key, expected=expected, remedy=remedy)
        return
    if not facts.families:
        observed = f"no dump among {facts.objects} objects" if facts.objects else "no dump"
        incomplete = f", {facts.incomplete} incomplete" if facts.incomplete else ""
        yield failed("There is no dump", observed=observed + incomplete, expected=expected)
        return
    ours = _of_ours(facts, dumps, now, expected)
    perhaps = [_of_family(each, dumps, facts.aws_time or now, expected) for each in facts.families]
    if ours is not None and ours.status is Status.PASS:
        yield ours
    elif len({verdict.status for verdict in perhaps}) == 1:
        # Each of the families may be of the database: only when the last one was too old was the promise broken.
        yield replace(ours or perhaps[0], since=max((each.since for each in perhaps if each.since), default=None))
    else:
        names = ", ".join(f"'{each.family}'" for each in facts.families[:5])
        summary = f"The names do not say which dumps are of the database {dumps.database}"
        observed = "; ".join(verdict.observed for verdict in perhaps[:5])
        remedy = f"declare the `pattern` of its dumps; there are {names}"
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)


def _of_ours(facts: DumpFreshness, dumps: DumpBackups, now: datetime, expected: str) -> Verdict | None:
    """The verdict on the freshest family that is certainly of the database; None when there is none."""
    ours = [each for each in facts.families if each.attribution == "ours"]
    if not ours:
        return None
    newest = max(ours, key=lambda each: each.newest_content)
    return _of_family(newest, dumps, facts.aws_time or now, expected)


def _of_family(newest: NewestOfFamily, dumps: DumpBackups, aws_now: datetime, expected: str) -> Verdict:
    newest_age, written_age = age(newest.newest_content, aws_now), age(newest.last_written, aws_now)
    if newest_age is None or written_age is None:
        ahead = "The time of the newest dump is ahead of the clock of AWS"
        return unverified(Reason.UNSUPPORTED, ahead, observed=newest.last_key, expected=expected)
    observed = f"the newest of {newest.count} dumps, {newest.newest_key}, is {minutes_text(newest_age)} old"
    if newest_age <= dumps.stale_after:
        return passed("The newest dump is recent enough", observed=observed, expected=expected)
    if written_age > dumps.stale_after:
        too_old_from = max(newest.newest_content, newest.last_written) + dumps.stale_after
        return replace(failed("The newest dump is too old", observed=observed, expected=expected), since=too_old_from)
    summary = "An old dump was written again: the name or the bytes of the newest dump are older than promised"
    observed = f"{newest.last_key}, written {minutes_text(written_age)} ago, is {minutes_text(newest_age)} old"
    remedy = "find out why the backup job writes an old dump; if it does not, declare the `pattern` of the dumps"
    return unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
