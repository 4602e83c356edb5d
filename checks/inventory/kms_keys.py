"""A check that a declared KMS key exists and can be used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.affected import with_affected
from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import Key
from basewatch.model import Proof, Severity, Status, Verdict
from checks.inventory.key_facts import DescribedKey, known_key
from checks.inventory.statuses import status_verdict


def declared_key(aws: AwsClient, key: Key) -> DescribedKey:
    """The key, by DescribeKey. Raises: NotFoundError, when there is no such key."""
    return known_key(aws, key.name)


@check(
    "inventory.key.usable",
    component=Key,
    observe=declared_key,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey",),
)
def key_is_usable(facts: DescribedKey, key: Key, _now: datetime) -> Iterator[Verdict]:
    """The declared KMS key exists and can be used.

    Why: A key that is disabled or deleted takes everything along that it encrypts: databases, tables, dumps, and
    records under Object Lock, whose locks stay in place. This finding explains those of all that depends on the key.
    Reads: kms:DescribeKey: KeyState and DeletionDate.
    Unverified when: The call is denied, throttled or fails, the key is being created or changed, or its state is
    unknown.
    Fix: aws kms cancel-key-deletion, then aws kms enable-key. Of a key of a custom or external key store, connect the
    store. A key that is deleted cannot be brought back.
    Source: AWS KMS Developer Guide, Key states of AWS KMS keys,
    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    observed = f"{facts.arn} {facts.state}"
    if facts.deletion:
        observed += f", to be deleted on {facts.deletion:%Y-%m-%d}"
    verdict = status_verdict("key", facts.state, what=f"The key {key.name}", observed=observed, expected="Enabled")
    yield with_affected(verdict, [facts.affected]) if verdict.status is Status.FAIL else verdict
