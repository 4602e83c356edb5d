"""The KMS keys on which a component depends, as they are found in the component itself, and the verdict on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from basewatch.affected import with_affected
from basewatch.aws import AwsClient
from basewatch.components import EncryptedComponent
from basewatch.errors import ObservationError
from basewatch.model import Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from checks.inventory.key_facts import DescribedKey, ManagedBy, describe_key
from checks.inventory.statuses import UNKNOWN_STATUS_REMEDY, Standing, standing
from checks.inventory.unread import Unread

C = TypeVar("C", bound=EncryptedComponent)
_MAX_NAMED = 4


class Protection(StrEnum):
    """How a part of a component is encrypted: with a key that KMS shows, with one that AWS hides, or not at all."""

    KMS = "kms"
    HIDDEN = "a key that AWS owns"
    NONE = "no encryption"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A part of a component, such as its storage, and its key: an alias, an id or an ARN, as AWS names it there.

    `any_key`: the promise of a key is not about this part, such as a copy that has a key of its own on purpose.
    """

    part: str
    key: str = ""
    protection: Protection = Protection.KMS
    any_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInUse:
    """What a component depends on: its parts, the keys of these, and the promised keys, as KMS describes them.

    `unread` is why a part is not known.
    """

    uses: tuple[KeyUse, ...]
    keys: tuple[DescribedKey, ...]
    promised: tuple[DescribedKey, ...]
    unread: Unread | None = None


def keys_in_use(aws: AwsClient, component: EncryptedComponent, uses: Iterable[KeyUse]) -> KeysInUse:
    """Describes the keys of the parts, each once, and the promised ones, in each region where the component has a part.

    `uses` may raise ObservationError after the parts that it could read; one before the first is an error of its own.
    """
    found, unread = list[KeyUse](), None
    try:
        found.extend(uses)
    except ObservationError as error:
        unread = Unread.because_of(error)
    if unread and not found:
        raise ObservationError(
            unread.reason, unread.detail, remedy=unread.remedy, source=unread.source, action=unread.action
        )
    keys = tuple(describe_key(aws, name) for name in dict.fromkeys(use.key for use in found if use.key))
    regions = {key.arn.split(":")[3] for key in keys if key.arn} - {aws.region}
    names = [*component.keys]
    for region in sorted(regions):
        # A replica in another region has the key of that alias there.
        arn = next(key.arn for key in keys if key.arn.split(":")[3:4] == [region])
        home = arn.partition(":key/")[0]
        names += [f"{home}:{name}" for name in component.keys if name.startswith("alias/")]
    return KeysInUse(
        uses=tuple(dict.fromkeys(found)),
        keys=keys,
        promised=tuple(describe_key(aws, name) for name in names),
        unread=unread,
    )


def key_verdicts(facts: KeysInUse, component: EncryptedComponent) -> Iterator[Verdict]:
    """The verdict on the component's keys: each can be used, and is a promised one. It is about the worst of them."""
    by_name = {key.asked: key for key in facts.keys}
    observed, expected = _observed(facts, by_name), _expected(component)
    lost = [key for key in (*facts.keys, *_absent_promises(facts, component)) if _is_lost(key)]
    wrong = [use for use in facts.uses if component.keys and not _is_promised(use, by_name, facts)]
    if lost:
        verdict = failed(_loss(lost[0]), observed=observed, expected=expected, severity=Severity.CRITICAL)
        yield with_affected(verdict, [key.affected for key in lost])
    elif wrong:
        yield failed(_wrong(wrong[0], by_name), observed=observed, expected=expected)
    elif unread := next((each for each in _unread(facts, component) if each), None):
        yield unread.verdict(observed=observed, expected=expected)
    elif unclear := next((key for key in facts.keys if standing("key", key.state) is not Standing.SERVING), None):
        summary, known = f"The key {unclear.asked} is {unclear.state}", standing("key", unclear.state)
        reason = Reason.NOT_ENOUGH_DATA if known else Reason.UNSUPPORTED
        remedy = "Run the check again in a few minutes." if known else UNKNOWN_STATUS_REMEDY
        yield unverified(reason, summary, observed=observed, expected=expected, remedy=remedy)
    elif not facts.keys:
        yield not_applicable("It depends on no KMS key of the account", observed=observed)
    else:
        yield passed("Every key it depends on can be used", observed=observed, expected=expected)


def _is_lost(key: DescribedKey) -> bool:
    return key.absent or standing("key", key.state) is Standing.BROKEN


def _absent_promises(facts: KeysInUse, component: EncryptedComponent) -> Iterator[DescribedKey]:
    """The promised keys that do not exist; one is needed in the component's own region only."""
    yield from (key for key in facts.promised if key.absent and key.asked in component.keys)


def _is_promised(use: KeyUse, by_name: dict[str, DescribedKey], facts: KeysInUse) -> bool:
    """Whether the part has a promised key, or may have any; also, where that is not known."""
    if use.any_key:
        return True
    if use.protection is not Protection.KMS:
        return False
    used = by_name[use.key]
    arn = used.arn or (use.key if ":key/" in use.key else "")
    if not arn or any(promised.unread for promised in facts.promised):
        return used.manager is not ManagedBy.AWS
    return any(promised.is_same(arn) for promised in facts.promised)


def _unread(facts: KeysInUse, component: EncryptedComponent) -> Iterator[Unread | None]:
    yield facts.unread
    yield from (key.unread for key in facts.keys)
    if any(not use.any_key for use in facts.uses):
        yield from (key.unread for key in facts.promised if key.asked in component.keys)


def _loss(key: DescribedKey) -> str:
    if key.absent:
        return f"The key {key.asked} does not exist"
    return f"The key {key.asked} is {key.state}: what it encrypts cannot be read without it"


def _wrong(use: KeyUse, by_name: dict[str, DescribedKey]) -> str:
    if use.protection is Protection.NONE:
        return f"{use.part} is not encrypted"
    if use.protection is Protection.HIDDEN or by_name[use.key].manager is ManagedBy.AWS:
        return f"{use.part} is encrypted with a key of AWS, and not with the promised one"
    return f"{use.part} is encrypted with another key than the promised one"


def _observed(facts: KeysInUse, by_name: dict[str, DescribedKey]) -> str:
    texts = (
        f"{use.part}: {by_name[use.key] if use.protection is Protection.KMS else use.protection.value}"
        for use in facts.uses
    )
    shown = list(islice(texts, _MAX_NAMED))
    more = [f"{len(facts.uses) - _MAX_NAMED} more"] if len(facts.uses) > _MAX_NAMED else []
    return "; ".join((*shown, *more)) or "no part"


def _expected(component: EncryptedComponent) -> str:
    return f"{' or '.join(component.keys)}, Enabled" if component.keys else "keys that are Enabled"


def grouped(uses: Iterable[KeyUse], part: str) -> Iterator[KeyUse]:
    """The uses of many alike, such as snapshots, by key: `part` with their number."""
    counts = dict[KeyUse, int]()
    for use in uses:
        counts[use] = counts.get(use, 0) + 1
    yield from (replace(use, part=f"{count} {part}") for use, count in counts.items())
