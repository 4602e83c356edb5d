"""A check that a secret is rotated in fact, and not only by its settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.check import FollowsFrom, check
from basewatch.components import Secret
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.inventory.secrets import SecretState, secret_state

# A rotation takes place within a window of at most a day after it is due.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
_LATE = timedelta(days=1)


@check(
    "encryption.secrets.rotation",
    component=Secret,
    observe=secret_state,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("secretsmanager:DescribeSecret",),
    promises=("rotation",),
    follows_from=(
        FollowsFrom(check="inventory.secret.available", status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA,)),
    ),
)
def secret_rotates(facts: SecretState, secret: Secret, now: datetime) -> Iterator[Verdict]:
    """The secret's value is no older than promised, because it is rotated.

    Why: A rotation that is configured can fail every night without a word: the value then stays what someone may know.
    Reads: secretsmanager:DescribeSecret: RotationEnabled, LastRotatedDate, NextRotationDate and RotationRules. The date
    is that of the last rotation which succeeded; whether the service that uses the secret took the new value is not
    known.
    Unverified when: The call is denied, throttled or fails, or the secret is scheduled for deletion.
    Fix: aws secretsmanager rotate-secret; the logs of its rotation function say why a rotation failed.
    Source: AWS Secrets Manager User Guide, Rotate AWS Secrets Manager secrets,
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
    """
    limit = secret.rotation or timedelta.max
    expected = f"a value no older than {format_duration(limit)}"
    observed = _observed(facts)
    if facts.deleted:
        summary, remedy = "The secret is scheduled for deletion, and not rotated meanwhile", "Restore the secret."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif not facts.rotates:
        yield failed("The secret is not rotated", observed=observed, expected=expected)
    elif facts.upcoming and now - facts.upcoming > _LATE:
        summary = f"The rotation of the secret did not take place, which was due on {facts.upcoming:%Y-%m-%d}"
        yield failed(summary, observed=observed, expected=expected)
    elif facts.period and facts.period > limit + _LATE:
        summary = f"The secret is rotated only every {format_duration(facts.period)}"
        yield failed(summary, observed=observed, expected=expected)
    elif now - (facts.rotated or facts.created) > limit + _LATE:
        since = "" if facts.rotated else ", because it was never rotated"
        yield failed(f"The secret's value is older than promised{since}", observed=observed, expected=expected)
    else:
        yield passed("The secret is rotated as promised", observed=observed, expected=expected)


def _observed(facts: SecretState) -> str:
    rotated = f"last rotated on {facts.rotated:%Y-%m-%d}" if facts.rotated else "never rotated"
    upcoming = f", next by {facts.upcoming:%Y-%m-%d}" if facts.upcoming else ""
    how = f"every {format_duration(facts.period)}" if facts.period else "on" if facts.rotates else "off"
    service = f", managed by {facts.service}" if facts.service else ""
    return f"rotation {how}, created on {facts.created:%Y-%m-%d}, {rotated}{upcoming}{service}"
