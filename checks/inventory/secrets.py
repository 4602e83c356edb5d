"""A check that a declared secret exists and is not about to be deleted; its value is never read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Secret
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified

_CURRENT = "AWSCURRENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretState:
    """What Secrets Manager says about a secret, in its primary region; never its value.

    `period` is the promised time between rotations, if the rule states days. `service` is the service of AWS that
    manages it, if one does. `key` is the KMS key; empty for that of AWS.
    """

    arn: str
    created: datetime
    deleted: datetime | None = None
    has_current_version: bool | None = None
    rotates: bool = False
    period: timedelta | None = None
    rotated: datetime | None = None
    upcoming: datetime | None = None
    service: str = ""
    key: str = ""


def secret_state(aws: AwsClient, secret: Secret) -> SecretState:
    """By DescribeSecret; of a replica, by that of its primary region. Raises: NotFoundError, when there is none."""
    answer = aws.call("secretsmanager", "DescribeSecret", SecretId=secret.name)
    primary = optional(answer, "PrimaryRegion", kind=str)
    if primary and primary != aws.region:
        # A replica is rotated with its primary.
        name = secret.name.replace(f":{aws.region}:", f":{primary}:", 1)
        answer = aws.in_region(primary).call("secretsmanager", "DescribeSecret", SecretId=name)
    stages = optional(answer, "VersionIdsToStages", kind=dict)
    days = optional(answer, "RotationRules", "AutomaticallyAfterDays", kind=int)
    return SecretState(
        arn=required(answer, "ARN", kind=str),
        created=required(answer, "CreatedDate", kind=datetime),
        deleted=optional(answer, "DeletedDate", kind=datetime),
        has_current_version=None if stages is None else any(_CURRENT in each for each in stages.values()),
        # AWS leaves it out if rotation was never configured.
        rotates=optional(answer, "RotationEnabled", kind=bool) or False,
        period=timedelta(days=days) if days else None,
        rotated=optional(answer, "LastRotatedDate", kind=datetime),
        upcoming=optional(answer, "NextRotationDate", kind=datetime),
        service=optional(answer, "OwningService", kind=str) or "",
        key=optional(answer, "KmsKeyId", kind=str) or "",
    )


@check(
    "inventory.secret.available",
    component=Secret,
    observe=secret_state,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("secretsmanager:DescribeSecret",),
)
def secret_is_available(facts: SecretState, _secret: Secret, _now: datetime) -> Iterator[Verdict]:
    """The declared secret exists, has a value, and is not about to be deleted.

    Why: A secret that is scheduled for deletion cannot be read: what caches it works until it starts anew.
    Reads: secretsmanager:DescribeSecret: DeletedDate and VersionIdsToStages. The value is never read.
    Unverified when: The call is denied, throttled or fails, or the response does not list the versions.
    Fix: aws secretsmanager restore-secret, or put-secret-value.
    Source: AWS Secrets Manager API Reference, DescribeSecret,
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    expected = "a secret with a current version, not scheduled for deletion"
    if facts.deleted:
        observed = f"deletion scheduled on {facts.deleted:%Y-%m-%d}"
        yield failed("The secret is scheduled for deletion", observed=observed, expected=expected)
    elif facts.has_current_version is None:
        summary, remedy = "The answer of AWS does not list the versions of the secret", "Run the check again."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, expected=expected, remedy=remedy)
    elif not facts.has_current_version:
        yield failed("The secret has no current version", observed="no version AWSCURRENT", expected=expected)
    else:
        yield passed("The secret can be read", observed=facts.arn, expected=expected)
