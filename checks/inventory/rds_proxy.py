"""A check that the declared RDS Proxy exists, leads to the cluster, and can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import FollowsFrom, check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, unverified
from checks.inventory.statuses import Standing, standing, status_verdict
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTarget:
    """A database to which the proxy leads.

    `cluster` is the cluster that it belongs to. `role` is `READ_WRITE` for the writer; `state` and `reason` are empty
    where AWS gives none.
    """

    name: str
    cluster: str
    role: str
    state: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} {' '.join(filter(None, (self.role, self.state, self.reason)))}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """The status of the proxy in front of the cluster, and its targets; `unread` is why they are not known."""

    status: str
    targets: tuple[ProxyTarget, ...]
    unread: Unread | None = None


def describe_proxy(aws: AwsClient, cluster: AuroraCluster) -> dict[str, Any]:
    """The answer of DescribeDBProxies for the declared proxy. Raises: NotFoundError, when there is no such proxy."""
    name = cluster.proxy.name if cluster.proxy else ""
    try:
        return aws.call("rds", "DescribeDBProxies", DBProxyName=name)
    except NotFoundError as error:
        raise NotFoundError(str(error), declared=f"the proxy {name} of {cluster.ref}") from error


def proxy_status(aws: AwsClient, cluster: AuroraCluster) -> ProxyStatus:
    """The status of the declared proxy and the health of its targets, by DescribeDBProxyTargets.

    Raises: NotFoundError, when there is no such proxy.
    """
    status = required(describe_proxy(aws, cluster), "DBProxies", 0, "Status", kind=str)
    name = cluster.proxy.name if cluster.proxy else ""
    pages = aws.pages("rds", "DescribeDBProxyTargets", DBProxyName=name)
    try:
        targets = tuple(_target(each) for page in pages for each in required(page, "Targets", kind=list))
    except NotFoundError as error:
        raise NotFoundError(str(error), declared=f"the target group of the proxy {name} of {cluster.ref}") from error
    except ObservationError as error:
        return ProxyStatus(status=status, targets=(), unread=Unread.because_of(error))
    return ProxyStatus(status=status, targets=targets)


def _target(found: dict[str, Any]) -> ProxyTarget:
    name = required(found, "RdsResourceId", kind=str)
    tracked = name if found.get("Type") == "TRACKED_CLUSTER" else ""
    return ProxyTarget(
        name=name,
        cluster=optional(found, "TrackedClusterId", kind=str) or tracked,
        role=optional(found, "Role", kind=str) or "",
        state=optional(found, "TargetHealth", "State", kind=str) or "",
        reason=optional(found, "TargetHealth", "Reason", kind=str) or "",
    )


@check(
    "inventory.proxy.available",
    component=AuroraCluster,
    observe=proxy_status,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBProxies", "rds:DescribeDBProxyTargets"),
    promises=("proxy",),
    follows_from=(FollowsFrom(check="inventory.aurora.*"),),
)
def proxy_is_available(facts: ProxyStatus, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The declared RDS Proxy exists, leads to the cluster, and reaches its writer.

    Why: A proxy that does not exist has no datapoints, which looks like a pool without connections; one that cannot log
    in to its database is available and serves no client.
    Reads: rds:DescribeDBProxies: the status. rds:DescribeDBProxyTargets: the cluster of each target, and the health of
    the writer; where AWS names no writer, that of every target. Readers are not judged, as AWS serves them apart.
    Unverified when: A call is denied, throttled or fails, the proxy or a target is being created or waits for capacity,
    or a status is unknown.
    Fix: Create the proxy, register the cluster with it, repair what its status or the reason of a target names (for
    AUTH_FAILURE the secret, for UNREACHABLE the security groups), or correct `proxy` in the configuration.
    Source: Amazon Aurora User Guide, Managing an RDS Proxy,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-managing.html
    """
    what = f"The proxy {cluster.proxy.name}" if cluster.proxy else "The proxy"
    observed = f"{facts.status}, targets: {', '.join(map(str, facts.targets)) or 'none'}"
    expected = f"available, with the writer of {cluster.name} as a target"
    verdict = status_verdict("proxy", facts.status, what=what, observed=observed, expected=expected)
    if verdict.status is Status.PASS and facts.unread:
        verdict = facts.unread.verdict(observed=observed, expected=expected)
    elif verdict.status is Status.PASS:
        verdict = _of_targets(what, facts.targets, cluster.name, observed, expected) or verdict
    yield verdict


def _of_targets(
    what: str, targets: tuple[ProxyTarget, ...], cluster: str, observed: str, expected: str
) -> Verdict | None:
    """The verdict where the targets decide: none is of the cluster, or the writer cannot serve; else None."""
    if not targets:
        return failed(f"{what} has no target", observed=observed, expected=expected)
    ours = [each for each in targets if each.cluster.lower() in ("", cluster.lower())]
    if not ours:
        others = ", ".join(sorted({each.cluster for each in targets}))
        return failed(f"{what} leads to another cluster: {others}", observed=observed, expected=expected)
    judged = [each for each in ours if each.role == "READ_WRITE"] or ours
    by_standing = {standing("target", _word(each)): each for each in judged if each.state}
    if Standing.BROKEN in by_standing:
        broken = by_standing[Standing.BROKEN]
        return failed(f"{what} cannot use its target: {broken}", observed=observed, expected=expected)
    if None in by_standing:
        summary, remedy = f"{what} has a target of unknown health: {by_standing[None]}", "Report this, with the state."
        return unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    if Standing.CHANGING in by_standing:
        summary, remedy = (
            f"{what} waits for its target: {by_standing[Standing.CHANGING]}",
            "Run again in a few minutes.",
        )
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    return None


def _word(target: ProxyTarget) -> str:
    """The word that decides about a target: why it is not available, or else its state."""
    return target.reason if target.state == "UNAVAILABLE" and target.reason else target.state
