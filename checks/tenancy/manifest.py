"""The check that every entry of the tenancy manifest matches the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.digests import same_digest
from basewatch.model import Proof, Severity, Verdict, failed
from basewatch.tenancy import Approval, ApprovedObject, DerivedKey, Tenancy
from checks.tenancy.flaws import Approvable, findings_or_pass, uncovered_text
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.code import EventTrigger, Function
from isolation.inventory.egress import (
    Extension,
    ForeignServer,
    Publication,
    ReplicationSlot,
    Subscription,
    SystemChange,
)
from isolation.inventory.snapshot import inventory
from isolation.proof import proof_obligations

_Named = (
    Function | Publication | Subscription | Extension | ForeignServer | EventTrigger | ReplicationSlot | SystemChange
)
_EXPECTED = "every entry names an existing object"
_OLD_DIGESTS = "(A digest of an earlier version of Basewatch covered less, and matches nothing now.)"
# The digests of these kinds are computed by the checks that judge them.
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
    """Every object that the manifest approves, shares or exempts exists; every approval matches and has not expired.

    Why: An entry without an object is a hole in the isolation: the next object with that name is exempt.
    Reads: Names and digests of the objects named in tenancy.approved_objects, shared, keys and privileged.
    Unverified when: The catalogue cannot be read.
    Fix: Remove the entry, or review what changed and update the digest and the expiry date.
    Source: docs/architecture.md
    """
    access, tenancy = effective_access(facts, database.tenancy), database.tenancy
    entries = {f"allowed {each.kind} {each.name}": each for each in tenancy.approved_objects}
    found = [
        *(verdict for name, each in entries.items() if (verdict := _judge_allowed(access, name, each, now))),
        *_judge_waivers(access, now),
        *_unknown(access, tenancy),
    ]
    count = (
        len(tenancy.approved_objects)
        + len(tenancy.approved_predicates)
        + len(tenancy.shared)
        + len(tenancy.platform_tables)
        + len(tenancy.keys)
    )
    summary = "Every entry of the manifest matches the database"
    yield from findings_or_pass({each.subject: each for each in found}.values(), summary, observed=f"{count} entries")


def _judge_waivers(access: EffectiveAccess, now: datetime) -> Iterator[Verdict]:
    gates = {obligation.digest for obligation in proof_obligations(access, now)}
    for digest, each in {waiver.digest: waiver for waiver in access.tenancy.approved_predicates}.items():
        subject = f"waiver {digest}"
        if now.date() > each.until:
            yield _expired(subject, each)
        elif digest not in gates and not any(same_digest(gate, digest) for gate in gates):
            yield failed(
                f"The waiver of {each.owner} matches no policy: an expression or something that it reaches has changed",
                subject=subject,
                observed="no policy with this digest",
                expected="the digest of the policies of a table",
                remedy="Remove the entry from tenancy.approved_predicates. If tenancy.rls.policies reports the policy "
                f"that it was for, read that again, and write the digest from there into the entry. {_OLD_DIGESTS}",
                severity=Severity.LOW,
            )


def _judge_allowed(access: EffectiveAccess, subject: str, entry: ApprovedObject, now: datetime) -> Verdict | None:
    if now.date() > entry.until:
        return _expired(subject, entry)
    if entry.kind in _JUDGED_ELSEWHERE:
        return None
    digest = digests_by_name(access, entry.kind).get(entry.name)
    if digest is None:
        return failed(
            f"The manifest approves the {entry.kind.replace('_', ' ')} {entry.name}, which does not exist",
            subject=subject,
            observed="absent",
            expected=_EXPECTED,
            remedy="Remove the entry from tenancy.approved_objects, or correct its name to the one that findings "
            "print.",
            severity=Severity.LOW,
        )
    if not same_digest(digest, entry.digest):
        return failed(
            f"The {entry.kind.replace('_', ' ')} {entry.name}, or something that it reaches, has changed since "
            f"{entry.owner} approved it",
            subject=subject,
            observed=digest,
            expected=entry.digest,
            remedy=_review_again(access, entry, digest),
        )
    return None


def _review_again(access: EffectiveAccess, entry: ApprovedObject, digest: str) -> str:
    found = Approvable.of(access, entry.kind, entry.name, digest)
    also = f", and what it reaches: {', '.join(found.reached)}" if found.reached else ""
    return (
        f"{_OLD_DIGESTS} Read it again{also}. If it is still safe, write in its entry of tenancy.approved_objects: "
        f"digest: {digest}{uncovered_text(found.uncovered)}"
    )


def _expired(subject: str, entry: Approval) -> Verdict:
    return failed(
        f"The approval of {subject} by {entry.owner} expired on {entry.until}",
        subject=subject,
        observed=f"until {entry.until}",
        expected="an expiry date in the future",
        remedy="Review it again; set a new date in its entry, or remove the object and the entry.",
    )


def digests_by_name(access: EffectiveAccess, kind: str) -> Mapping[str, str]:
    """The digest of every object of one kind, keyed by the name that findings print."""
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
            views = {access.declared_name(each): each.digest for each in facts.relations if each.digest}
            return views | {each.name: each.digest for each in facts.system_changes if each.kind == "view"}
        case _:
            return {each.name: each.digest for each in _named(facts, kind)}


def _named(facts: Inventory, kind: str) -> tuple[_Named, ...]:
    named: Mapping[str, tuple[_Named, ...]] = {
        "function": (*facts.functions, *(each for each in facts.system_changes if each.kind == "function")),
        "publication": facts.publications,
        "subscription": facts.subscriptions,
        "extension": facts.extensions,
        "foreign_server": facts.foreign_servers,
        "event_trigger": facts.event_triggers,
        "replication_slot": facts.replication_slots,
    }
    return named.get(kind, ())


def _unknown(access: EffectiveAccess, tenancy: Tenancy) -> Iterator[Verdict]:
    """Names in the manifest without a matching relation or role."""
    named = {
        **{f"shared {name}": name for name in tenancy.shared},
        **{f"platform_tables {name}": name for name in tenancy.platform_tables},
        **{f"keys {name}": name for name in tenancy.keys},
        **{f"keys {n}, parent": key.parent for n, key in tenancy.keys.items() if isinstance(key, DerivedKey)},
        f"root {tenancy.root}": tenancy.root,
    }
    if tenancy.members:
        named[f"members {tenancy.members.table}"] = tenancy.members.table
        named |= {f"members, own {name}": name for name in tenancy.members.own}
    for subject, name in named.items():
        if access.relation_named(name) is None:
            yield _absent(subject, f"no table or view {name}")
    for role in tenancy.privileged:
        if access.role_named(role) is None:
            yield _absent(f"privileged {role}", f"no role {role}")


def _absent(subject: str, what: str) -> Verdict:
    return failed(
        f"The manifest names an object that does not exist: {subject}",
        subject=subject,
        observed=what,
        expected=_EXPECTED,
        remedy="Correct the name in the configuration, or remove the entry: the next object created under that name "
        "would match it.",
    )
