"""A check that the material of a KMS key is rotated as often as promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import FollowsFrom, check
from basewatch.components import Key
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, not_applicable, passed, unverified
from basewatch.quantities import format_duration
from checks.inventory.key_facts import DescribedKey, ManagedBy, known_key
from checks.inventory.statuses import Standing, standing

# KMS rotates on about the day, not to the hour.
_LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation:
    """The key, when its material was last rotated, and when it will be next.

    `rotates` is whether KMS rotates it by itself, every `period`; it is None for a key that KMS never does that with.
    `rotated` is None if it never was.
    """

    key: DescribedKey
    rotates: bool | None = None
    period: timedelta | None = None
    rotated: datetime | None = None
    upcoming: datetime | None = None


def key_rotation(aws: AwsClient, declared: Key) -> KeyRotation:
    """By DescribeKey, GetKeyRotationStatus and ListKeyRotations; the last two are of a customer's symmetric key."""
    key = known_key(aws, declared.name)
    if key.manager is not ManagedBy.CUSTOMER or standing("key", key.state) is not Standing.SERVING:
        return KeyRotation(key=key)
    pages = aws.pages("kms", "ListKeyRotations", KeyId=key.arn)
    rotations = [each for page in pages for each in required(page, "Rotations", kind=list)]
    rotated = max((required(each, "RotationDate", kind=datetime) for each in rotations), default=None)
    if not _can_rotate(key):
        return KeyRotation(key=key, rotated=rotated)
    status = aws.call("kms", "GetKeyRotationStatus", KeyId=key.arn)
    rotates = required(status, "KeyRotationEnabled", kind=bool)
    return KeyRotation(
        key=key,
        rotates=rotates,
        period=timedelta(days=required(status, "RotationPeriodInDays", kind=int)) if rotates else None,
        rotated=rotated,
        upcoming=optional(status, "NextRotationDate", kind=datetime),
    )


def _can_rotate(key: DescribedKey) -> bool:
    # https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    return key.spec == "SYMMETRIC_DEFAULT" and key.origin == "AWS_KMS"


@check(
    "encryption.kms.rotation",
    component=Key,
    observe=key_rotation,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListKeyRotations"),
    promises=("rotation",),
    follows_from=(
        FollowsFrom(check="inventory.key.usable", status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA,)),
    ),
)
def key_rotates(facts: KeyRotation, declared: Key, now: datetime) -> Iterator[Verdict]:
    """The material of the KMS key is no older than promised, because KMS rotates it.

    Why: What one key encrypts for years is lost at once if the key ever leaks. A setting that is on says nothing of a
    rotation that did not happen.
    Reads: kms:GetKeyRotationStatus: whether KMS rotates the key, how often, and when next. kms:ListKeyRotations: when
    it last did. kms:DescribeKey: when the key was created, its origin and its kind.
    Unverified when: A call is denied, throttled or fails, or the key is disabled, pending deletion or without material:
    KMS does not rotate it then, which is no fault of the rotation. Also, when KMS cannot rotate the key by itself
    (imported material, a custom key store, an asymmetric or HMAC key), and it is older than promised.
    Fix: aws kms enable-key-rotation --rotation-period-in-days; aws kms rotate-key-on-demand for one that is overdue.
    Source: AWS KMS Developer Guide, Rotate AWS KMS keys,
    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    limit = declared.rotation or timedelta.max
    born = facts.rotated or facts.key.created
    expected = f"material no older than {format_duration(limit)}"
    observed = _observed(facts)
    if facts.key.manager is ManagedBy.AWS:
        yield not_applicable("AWS manages the key, and rotates it every year", observed=observed)
    elif (stands := standing("key", facts.key.state)) is not Standing.SERVING:
        reason = Reason.UNSUPPORTED if stands is None else Reason.NOT_ENOUGH_DATA
        summary, remedy = f"The key is {facts.key.state}, and not rotated meanwhile", "Make the key usable again."
        yield unverified(reason, summary, observed=observed, expected=expected, remedy=remedy)
    elif facts.rotates is False:
        yield failed("KMS does not rotate the key", observed=observed, expected=expected)
    elif facts.period and facts.period > limit + _LATE:
        summary = f"KMS rotates the key only every {format_duration(facts.period)}"
        yield failed(summary, observed=observed, expected=expected)
    elif born is None:
        summary, remedy = "The answer of AWS does not say when the key was created", "Run the check again."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif now - born <= limit + _LATE:
        yield passed("The key's material is as young as promised", observed=observed, expected=expected)
    elif facts.rotates is None:
        summary = "KMS cannot rotate this kind of key by itself, and its material is older than promised"
        remedy = "Rotate it by hand: import new material, or move the alias to a new key; or remove the promise."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield failed("The rotation of the key is overdue", observed=observed, expected=expected)


def _observed(facts: KeyRotation) -> str:
    created = f"created on {facts.key.created:%Y-%m-%d}" if facts.key.created else facts.key.state
    rotated = f"last rotated on {facts.rotated:%Y-%m-%d}" if facts.rotated else "never rotated"
    if facts.rotates is None:
        kind = "" if _can_rotate(facts.key) else f", {facts.key.spec} of origin {facts.key.origin}"
        return f"{facts.key.state}, {created}, {rotated}{kind}"
    how = f"rotation every {format_duration(facts.period)}" if facts.period else "automatic rotation off"
    upcoming = f", next on {facts.upcoming:%Y-%m-%d}" if facts.upcoming else ""
    return f"{how}, {created}, {rotated}{upcoming}"
