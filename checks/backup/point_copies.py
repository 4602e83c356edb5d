"""A check that the recovery points of a resource are copied to another region or account, under another key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import BackedUpComponent
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text
from checks.backup.recovery_points_facts import STATUSES, USABLE, recovery_points

# arn:aws:backup:us-east-1:123456789012:backup-vault:NAME
_REGION, _ACCOUNT, _NAME = 3, 4, 6
_JOB_STATES = frozenset({"CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCopy:
    """The newest completed copy in one vault, and the key that encrypts it; an empty `key` is not stated.

    `status` is what the vault says of it, empty when it has it no longer; None for a vault of another account, which is
    not asked.
    """

    account: str
    region: str
    vault: str
    key: str
    completed: datetime
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCopies:
    """The copies outside the resource's region or account, and the states of all copy jobs.

    `keys` encrypt the originals.
    """

    account: str
    region: str
    copies: tuple[PointCopy, ...]
    states: tuple[str, ...]
    keys: tuple[str, ...]
    aws_time: datetime | None


def point_copies(aws: AwsClient, component: BackedUpComponent) -> PointCopies:
    """The copies by ListCopyJobs, and whether they still exist by ListRecoveryPointsByBackupVault in their region.

    Raises: NotFoundError, when no recovery point was copied.
    """
    arn = component.arn(account=aws.account_id, region=aws.region)
    aws_time, jobs = None, list[dict[str, Any]]()
    for page in aws.pages("backup", "ListCopyJobs", ByResourceArn=arn):
        aws_time = answered_at(page)
        jobs += required(page, "CopyJobs", kind=list)
    if not jobs:
        detail = "AWS Backup lists no copy job of it"
        raise NotFoundError(detail, declared=f"a copy of a recovery point of {component.ref}")
    newest = dict[str, dict[str, Any]]()
    for job in jobs:
        vault = required(job, "DestinationBackupVaultArn", kind=str)
        if required(job, "State", kind=str) != "COMPLETED" or _place(vault) == (aws.account_id, aws.region):
            continue
        completed = required(job, "CompletionDate", kind=datetime)
        if vault not in newest or newest[vault]["CompletionDate"] < completed:
            newest[vault] = job
    return PointCopies(
        account=aws.account_id,
        region=aws.region,
        copies=tuple(_copy(aws, arn, job) for _, job in sorted(newest.items())),
        states=tuple(sorted({job["State"] for job in jobs})),
        keys=tuple(sorted({point.key for point in recovery_points(aws, component).points if point.key})),
        aws_time=aws_time,
    )


def _place(vault: str) -> tuple[str, str]:
    parts = vault.split(":")
    return parts[_ACCOUNT], parts[_REGION]


def _copy(aws: AwsClient, arn: str, job: dict[str, Any]) -> PointCopy:
    vault = job["DestinationBackupVaultArn"]
    account, region = _place(vault)
    status = None
    if account == aws.account_id:
        status = _status(aws, region, vault.split(":")[_NAME], arn, job)
    return PointCopy(
        account=account,
        region=region,
        vault=vault.split(":")[_NAME],
        key=optional(job, "DestinationEncryptionKeyArn", kind=str) or "",
        completed=required(job, "CompletionDate", kind=datetime),
        status=status,
    )


def _status(aws: AwsClient, region: str, vault: str, arn: str, job: dict[str, Any]) -> str:
    copied = required(job, "DestinationRecoveryPointArn", kind=str)
    there = aws.in_region(region)
    try:
        pages = list(there.pages("backup", "ListRecoveryPointsByBackupVault", BackupVaultName=vault, ByResourceArn=arn))
    except NotFoundError as error:
        raise NotFoundError(str(error), declared=f"the vault {vault} in {region}, which has the copies") from error
    points = [each for page in pages for each in required(page, "RecoveryPoints", kind=list)]
    statuses = {required(each, "RecoveryPointArn", kind=str): required(each, "Status", kind=str) for each in points}
    return statuses.get(copied, "")


@check(
    "backup.copy.isolation",
    component=BackedUpComponent,
    observe=point_copies,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("backup:ListCopyJobs", "backup:ListRecoveryPointsByBackupVault", "backup:ListRecoveryPointsByResource"),
    promises=("recovery_points.copies",),
)
def copies_are_isolated(facts: PointCopies, component: BackedUpComponent, now: datetime) -> Iterator[Verdict]:
    """A fresh copy of the resource's recovery points is in the promised region or account, under another key.

    Why: Whoever takes over or closes the account, and the outage of a region, reach every recovery point in it; a copy
    under the same key of the same account is lost with that key.
    Reads: backup:ListCopyJobs for the resource: the newest COMPLETED copy to each vault elsewhere, and its key.
    backup:ListRecoveryPointsByBackupVault in its region: whether the copy is still there and usable. A vault of another
    account is not asked, so of this one only the job is known. backup:ListRecoveryPointsByResource: the keys of the
    originals. A copy may be twice as old as `stale_after`.
    Unverified when: A call is denied, throttled or fails, an answer lacks a state, a time or the key of a copy in the
    same account, or a copy has an unknown state and no copy is fresh.
    Fix: Add copy_actions to the rule of the backup plan, to a vault in another region or account with a key of its own;
    read the status message of a failed copy job: an AWS managed key cannot be copied to another account.
    Source: AWS Backup Developer Guide, Creating backup copies across AWS Regions,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html
    """
    declared = component.recovery_points
    promised = declared.copies if declared else None
    if declared is None or promised is None:
        return
    where = " and ".join(
        text
        for text in (
            f"region {promised.region}" if promised.region else "",
            f"account {promised.account}" if promised.account else "",
        )
        if text
    )
    limit = 2 * declared.stale_after
    expected = f"a copy in {where}, not older than {format_duration(limit)}, under another key"
    aws_now = facts.aws_time or now
    there = [
        copy
        for copy in facts.copies
        if promised.region in (None, copy.region) and promised.account in (None, copy.account)
    ]
    observed = "; ".join(
        f"{copy.account}/{copy.region} {copy.vault}: {minutes_text(aws_now - copy.completed)} old" for copy in there
    )
    observed = observed or f"none there, copy jobs {', '.join(facts.states)}"
    fresh = [copy for copy in there if (past := age(copy.completed, aws_now)) is not None and past <= limit]
    kept = [copy for copy in fresh if copy.status is None or copy.status in USABLE]
    isolated = [copy for copy in kept if copy.account != facts.account or (copy.key and copy.key not in facts.keys)]
    if isolated:
        yield passed("A fresh copy is isolated as promised", observed=observed, expected=expected)
    elif kept and any(not copy.key for copy in kept):
        summary = "AWS does not say which key encrypts the copy"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    elif kept:
        yield failed("The copy is under the key of the original", observed=observed, expected=expected)
    elif unknown := sorted({*facts.states, *(copy.status or "DELETING" for copy in fresh)} - _JOB_STATES - STATUSES):
        summary = f"A copy has a state that Basewatch does not know: {', '.join(unknown)}"
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected)
    elif fresh:
        yield failed("The copy was deleted, or cannot be restored", observed=observed, expected=expected)
    elif there:
        yield failed("The newest copy is too old", observed=observed, expected=expected)
    else:
        yield failed(f"There is no copy in {where}", observed=observed, expected=expected)
