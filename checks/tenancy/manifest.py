"""The check that the manifest speaks of what is there: what it vouches for, shares and exempts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict, failed
from basewatch.tenancy import Approval, ApprovedObject, DerivedKey, Tenancy
from checks.tenancy.flaws import findings_or_pass
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.code import EventTrigger, Function
from isolation.inventory.egress import Extension, ForeignServer, Publication, ReplicationSlot, Subscription
from isolation.inventory.snapshot import inventory

_Named = Function | Publication | Subscription | Extension | ForeignServer | EventTrigger | ReplicationSlot
_EXPECTED = "entries that speak of what is there"
# What these are vouched for by is worked out where they are judged, and not here.
_JUDGED_ELSEWHERE = frozenset({"grant", "constraint", "large_object"})


@check(
    "tenancy.rls.manifest",
    component=Database,
    observe=inventory,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def manifest_matches_the_catalog(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Whatever the manifest vouches for, shares or exempts is there, unchanged, and vouched for until a day to come.

    Why: An entry that fits nothing is a hole kept open: whoever next makes something of that name walks through it.
    Reads: The names and digests of what tenancy.allowed, shared, keys and privileged name.
    Unverified when: The catalogue cannot be read.
    Fix: Remove the entry, or read what changed and write its new digest and a new day.
    Source: docs/architecture.md
    """
    known, tenancy = effective_access(facts, database.tenancy), database.tenancy
    entries = {f"allowed {each.kind} {each.name}": each for each in tenancy.allowed}
    found = [
        *(verdict for name, each in entries.items() if (verdict := _judge_allowed(known, name, each, now))),
        *(
            _expired(f"waiver {digest}", each)
            for digest, each in {waiver.digest: waiver for waiver in tenancy.waivers}.items()
            if now.date() > each.until
        ),
        *_unknown(known, tenancy),
    ]
    count = len(tenancy.allowed) + len(tenancy.waivers) + len(tenancy.shared) + len(tenancy.keys)
    summary = "The manifest speaks of what is there"
    yield from findings_or_pass({each.subject: each for each in found}.values(), summary, observed=f"{count} entries")


def _judge_allowed(access: EffectiveAccess, subject: str, entry: ApprovedObject, now: datetime) -> Verdict | None:
    if now.date() > entry.until:
        return _expired(subject, entry)
    if entry.kind in _JUDGED_ELSEWHERE:
        return None
    digest = digests_by_name(access, entry.kind).get(entry.name)
    if digest is None:
        return failed(
            f"There is no {entry.kind.replace('_', ' ')} {entry.name}, and the manifest vouches for it",
            subject=subject,
            observed="absent",
            expected=_EXPECTED,
            remedy="Remove the entry from tenancy.allowed, or correct its name: it is written as findings print it.",
            severity=Severity.LOW,
        )
    if digest != entry.digest:
        return failed(
            f"The {entry.kind.replace('_', ' ')} {entry.name} is not as it was when {entry.owner} vouched for it",
            subject=subject,
            observed=digest,
            expected=entry.digest,
            remedy=f"Read what it is now; if it may stay, write digest: {digest} into its entry of tenancy.allowed.",
        )
    return None


def _expired(subject: str, entry: Approval) -> Verdict:
    return failed(
        f"{entry.owner} vouched only until {entry.until}: {subject}",
        subject=subject,
        observed=f"until {entry.until}",
        expected="a day to come",
        remedy="Read it again; if it may stay, write a new day into its entry, or remove both.",
    )


def digests_by_name(access: EffectiveAccess, kind: str) -> Mapping[str, str]:
    """The digest of every object of one kind, by its name as findings print it."""
    facts = access.inventory
    match kind:
        case "trigger":
            return {
                f"{each.name} on {access.declared_name(relation)}": each.digest
                for each in facts.triggers
                if (relation := access.relation(each.relation))
            }
        case "rule":
            return {
                f"{each.name} on {access.declared_name(relation)}": each.digest
                for each in facts.rewrite_rules
                if (relation := access.relation(each.relation))
            }
        case "view":
            return {access.declared_name(each): each.digest for each in facts.relations if each.digest}
        case _:
            return {each.name: each.digest for each in _named(facts, kind)}


def _named(facts: Inventory, kind: str) -> tuple[_Named, ...]:
    named: Mapping[str, tuple[_Named, ...]] = {
        "function": facts.functions,
        "publication": facts.publications,
        "subscription": facts.subscriptions,
        "extension": facts.extensions,
        "foreign_server": facts.foreign_servers,
        "event_trigger": facts.event_triggers,
        "replication_slot": facts.replication_slots,
    }
    return named.get(kind, ())


def _unknown(access: EffectiveAccess, tenancy: Tenancy) -> Iterator[Verdict]:
    """What the manifest names and the database does not have."""
    named = {
        **{f"shared {name}": name for name in tenancy.shared},
        **{f"keys {name}": name for name in tenancy.keys},
        **{f"keys {n}, parent": key.parent for n, key in tenancy.keys.items() if isinstance(key, DerivedKey)},
        f"root {tenancy.root}": tenancy.root,
    }
    if tenancy.members:
        named[f"members {tenancy.members.table}"] = tenancy.members.table
    for subject, name in named.items():
        if access.relation_named(name) is None:
            yield _absent(subject, f"no table or view {name}")
    for role in tenancy.privileged:
        if access.role_named(role) is None:
            yield _absent(f"privileged {role}", f"no role {role}")


def _absent(subject: str, what: str) -> Verdict:
    return failed(
        f"The manifest names what is not there: {subject}",
        subject=subject,
        observed=what,
        expected=_EXPECTED,
        remedy="Correct the name in the configuration, or remove the entry: whatever is made under that name next "
        "would be taken for it.",
    )
