"""A check that every resource of the platform in an AWS account is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from basewatch.affected import ABSENT, with_affected
from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.drift.listings import LISTINGS
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedResources:
    """The resources of the platform, by the beginnings of their names, as `function/auth`: declared ones and others.

    `gone` are declared ones that are not listed, whatever their names. `unread` are the kinds whose listing failed, and
    why.
    """

    declared: tuple[str, ...]
    undeclared: tuple[str, ...]
    gone: tuple[str, ...]
    unread: dict[str, Unread]


def listed_resources(aws: AwsClient, account: AwsAccount) -> ListedResources:
    """Every resource whose name begins as declared, by the listing of each service. One that fails hides no other."""
    prefixes = account.inventory.prefixes if account.inventory else ()
    found, unread = list[str](), dict[str, Unread]()
    for kind, listing in LISTINGS.items():
        try:
            found += [f"{kind}/{name}" for name in listing.names(aws)]
        except ObservationError as error:
            unread[kind] = Unread.because_of(error)
    known = {name for name in aws.declared if (kind := name.partition("/")[0]) in LISTINGS and kind not in unread}
    others = {name for name in found if name.partition("/")[2].startswith(prefixes)} - known
    return ListedResources(
        declared=tuple(sorted(known & set(found))),
        undeclared=tuple(sorted(others)),
        gone=tuple(sorted(known - set(found))),
        unread=unread,
    )


@check(
    "drift.inventory.declared",
    component=AwsAccount,
    observe=listed_resources,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=tuple(sorted({listing.action for listing in LISTINGS.values()})),
    promises=("inventory",),
)
def every_resource_is_declared(facts: ListedResources, account: AwsAccount, _now: datetime) -> Iterator[Verdict]:
    """Every resource of the platform in the account is declared or approved, and every declared one is listed.

    Why: Nobody watches a resource that is not declared: a function with another role, or a copy of a table.
    Reads: The listings of functions, tables, clusters, instances, proxies, buckets, REST APIs, queues, rules, vaults,
    secrets, trails and DAX clusters. Buckets and trails are those of the whole account, others those of the region. A
    resource is of the platform when its name begins with one of `inventory.prefixes`.
    Unverified when: A listing is denied, throttled or fails: what it would show is not known, and the others are
    judged. Also when no resource has such a name, because then the beginnings are wrong.
    Fix: Declare the resource, delete it, or approve it in `inventory.approved` with the reason.
    Source: AWS Well-Architected Framework, Operational Excellence, OPS 1 and SEC 1
    """
    inventory = account.inventory
    approved = inventory.approved if inventory else {}
    open_ones = [name for name in facts.undeclared if not any(fnmatchcase(name, glob) for glob in approved)]
    total = len(facts.declared) + len(facts.undeclared)
    observed = f"{total} resources, {len(facts.declared)} declared, {len(facts.undeclared) - len(open_ones)} approved"
    expected = "every resource declared or approved"
    for name in open_ones:
        kind, _, bare = name.partition("/")
        summary = f"The {kind.replace('_', ' ')} {bare} is not declared"
        yield failed(summary, subject=name, observed=observed, expected=expected)
    for name in facts.gone:
        kind, _, bare = name.partition("/")
        summary = f"The {kind.replace('_', ' ')} {bare} is declared and not listed"
        verdict = failed(summary, subject=name, observed=observed, expected=expected)
        yield with_affected(verdict, [(ABSENT, name)])
    for kind, why in facts.unread.items():
        yield unverified(
            why.reason,
            f"Resources of the kind {kind.replace('_', ' ')} are not known: {why.detail}",
            subject=kind,
            observed=observed,
            expected=expected,
            remedy=why.remedy,
        )
    if not (open_ones or facts.gone or facts.unread):
        if total:
            yield passed("Every resource is declared or approved", observed=observed, expected=expected)
        else:
            beginnings = ", ".join(inventory.prefixes) if inventory else ""
            summary, remedy = f"No resource has a name that begins with {beginnings}", "Correct `inventory.prefixes`."
            yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
