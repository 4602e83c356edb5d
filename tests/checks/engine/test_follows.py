"""Causes of whole findings: for each link that a check declares, what it explains and what it never hides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from alerts.grouping import alerts_of
from basewatch.affected import ABSENT, KEY, LOST
from basewatch.check import AnyCheck, FollowsFrom
from basewatch.components import Component, Database, DumpBackups, Function, Relation, Slo
from basewatch.model import Finding, Reason, Severity, Status
from checks import CHECKS
from checks.engine.causes import assign_causes, causes_of_all
from checks.engine.judge import rejudge
from checks.engine.run import run_checks
from tests.alerts.pictures import looked, pictured
from tests.checks.example import NOW, SOON, Doors, Guard, GuardPost, doors_closed, planned
from tests.fakes import a_finding, a_run

LINKS = [(check, link) for check in CHECKS for link in causes_of_all(check)]
CLUSTER, DATABASE, QUEUE, API = "aurora_cluster/blue", "database/main", "queue/dead", "api/front"
FAIL, UNVERIFIED = Status.FAIL, Status.UNVERIFIED


def made(kind: type[Component], **settings: Any) -> Component:
    """A component with these settings, and no others that matter here."""
    given: dict[str, Any] = {"name": "one", "depends_on": (), **settings}
    return kind.model_construct(**given)


def world(check: AnyCheck, link: FollowsFrom) -> tuple[Component, dict[str, Component], str]:
    """The component of an effect, all components, and the ref of the component on which its cause is."""
    settings: dict[str, Any] = {"of": API, "cluster": "blue", "database": "main", **dict(link.where)}
    own = made(check.component, **settings, depends_on=(QUEUE,))
    database = made(Database, name="main", cluster="blue")
    where = {
        Relation.ITSELF: own.ref,
        Relation.OBJECTIVE: API,
        Relation.CLUSTER: CLUSTER,
        Relation.DEPENDENCY: QUEUE,
    }
    return own, {own.ref: own, database.ref: database}, where[link.of]


def effect_of(check: AnyCheck, link: FollowsFrom, component: Component) -> Finding:
    """A finding of the check as the link describes one."""
    reason = link.reasons[0] if link.reasons else None
    finding = looked(
        "", reason=reason, status=FAIL, check=check.id, component=component.ref, severity=Severity.CRITICAL
    )
    return replace(finding, source=link.source.replace("*", "app"))


def cause_of(link: FollowsFrom, ref: str, *, status: Status = FAIL) -> Finding:
    """A mild finding of a check that the link names."""
    named = link.check.replace("service.*.latency", "service.api.latency").replace("*", "some.thing")
    return a_finding(status, check=named, component=ref, severity=Severity.LOW)


@pytest.mark.parametrize(
    ("check", "link"), LINKS, ids=lambda each: getattr(each, "id", None) or f"{each.check} {each.of}"
)
def test_a_cause_and_its_effect_are_one_alert(check: AnyCheck, link: FollowsFrom) -> None:
    """The effect is inside and its severity counts; without its cause it is reported itself."""
    own, components, where = world(check, link)
    cause, effect = cause_of(link, where), effect_of(check, link, own)

    def alerted(*findings: Finding) -> list[tuple[str, ...]]:
        assigned = assign_causes(findings, CHECKS, components=components)
        found = alerts_of(pictured(*assigned))
        assert any(each.severity is Severity.CRITICAL for each in found)
        return [tuple(filter(None, (each.finding, *(member.key for member in each.members)))) for each in found]

    assert alerted(cause, effect) == alerted(effect, cause) == [(cause.key, effect.key)]
    alone = [(effect.key,)]
    assert alerted(effect) == alerted(effect, cause_of(link, where, status=Status.PASS)) == alone
    assert len(alerted(cause_of(link, "queue/other"), effect)) == 2
    if link.of is Relation.ITSELF:
        assert len(alerted(replace(cause, subject="a part"), effect)) == 2
    if link.status is UNVERIFIED:
        assert len(alerted(cause, replace(effect, reason=Reason.BUG))) == 2
    else:
        assert len(alerted(cause, replace(effect, affected=(("app", "invoices"),)))) == 2


@pytest.mark.parametrize("check", [each for each in CHECKS if each.follows_from], ids=lambda check: check.id)
def test_links_name_checks_that_exist(check: AnyCheck) -> None:
    """A glob of a link that matches no check would explain nothing, in silence."""
    assert all(any(fnmatchcase(each.id, link.check) for each in CHECKS) for link in check.follows_from)


def caused(*findings: Finding, components: dict[str, Component] | None = None) -> dict[str, str]:
    """The check of the cause of each finding that has one, by check."""
    names = {finding.key: finding.check for finding in findings}
    return {f.check: names[f.cause] for f in assign_causes(findings, CHECKS, components=components or {}) if f.cause}


def test_everything_about_a_component_that_does_not_exist_is_one_incident() -> None:
    """Each check finds out by itself; the check of the inventory leads, and another part is another incident."""
    gone = [
        ("backup.aurora.rpo", CLUSTER),
        ("inventory.aurora.available", CLUSTER),
        ("availability.aurora.zones", CLUSTER),
    ]
    part = [("inventory.proxy.available", "the proxy"), ("encryption.proxy.require_tls", "the proxy")]
    findings = [
        replace(a_finding(FAIL, check=check, component=CLUSTER), affected=((ABSENT, what),))
        for check, what in gone + part
    ]
    lead = "inventory.aurora.available"
    assert caused(*findings) == {
        "backup.aurora.rpo": lead,
        "availability.aurora.zones": lead,
        "encryption.proxy.require_tls": "inventory.proxy.available",
    }
    bucket = [
        replace(a_finding(FAIL, check=f"retention.s3.{name}", component="audit_bucket/a"), affected=((ABSENT, "it"),))
        for name in ("lock_versions", "lock_default", "delete_markers")
    ]
    assert set(caused(*bucket).values()) == {"retention.s3.delete_markers"}
    assert len(caused(*bucket)) == 2


def test_a_key_that_cannot_be_used_is_one_incident_of_all_that_depends_on_it() -> None:
    """The finding about the key leads; where it is not declared, the most severe one does."""
    key = replace(a_finding(FAIL, check="inventory.key.usable", component="key/alias/data"), affected=((KEY, "arn:1"),))
    table = replace(a_finding(FAIL, check="encryption.table.keys", component="table/t"), affected=((KEY, "arn:1"),))
    cluster = replace(
        a_finding(FAIL, check="encryption.aurora.keys", component=CLUSTER), affected=((KEY, "arn:1"), (KEY, "arn:2"))
    )
    other = replace(a_finding(FAIL, check="encryption.queue.keys", component="queue/q"), affected=((KEY, "arn:3"),))
    lead = "inventory.key.usable"
    assert caused(key, table, other) == {"encryption.table.keys": lead}
    # Nothing else explains what the cluster lost with its second key.
    assert caused(key, table, cluster) == {"encryption.table.keys": lead}
    assert caused(table, replace(table, component="table/u")) == {"encryption.table.keys": "encryption.table.keys"}


def test_a_lost_cluster_explains_its_backups_and_a_stopped_one_does_not() -> None:
    """The pairs say that both are about the same loss; a retention that someone shortened is another incident."""
    lost = replace(a_finding(FAIL, check="inventory.aurora.available", component=CLUSTER), affected=((LOST, CLUSTER),))
    window = a_finding(FAIL, check="backup.aurora.window", component=CLUSTER)
    assert caused(lost, replace(window, affected=lost.affected)) == {
        "backup.aurora.window": "inventory.aurora.available"
    }
    assert caused(lost, window) == {}


def test_a_chain_ends_at_its_first_cause() -> None:
    """The cluster is down, so the function fails, so its objective burns: one incident."""
    function = made(Function, name="auth", depends_on=(DATABASE,))
    slo = made(Slo, name="auth", of=function.ref, sli="availability")
    components = {each.ref: each for each in (function, slo, made(Database, name="main", cluster="blue"))}
    down = a_finding(FAIL, check="inventory.aurora.available", component=CLUSTER)
    errors = a_finding(FAIL, check="service.function.errors", component=function.ref)
    burn = a_finding(FAIL, check="service.slo.burn", component=slo.ref)
    assert caused(down, errors, burn, components=components) == {
        "service.function.errors": down.check,
        "service.slo.burn": down.check,
    }
    assert caused(errors, burn, components=components) == {"service.slo.burn": errors.check}
    latency = replace(errors, check="service.function.latency")
    assert caused(latency, burn, components=components) == {}


def test_a_cause_of_an_earlier_run_keeps_its_own_cause() -> None:
    """A partial run that judges the last of a chain finds the first, which it did not judge."""
    function = made(Function, name="auth")
    slo = made(Slo, name="auth", of=function.ref, sli="availability")
    down = a_finding(FAIL, check="inventory.function.active", component=function.ref)
    errors = replace(a_finding(FAIL, check="service.function.errors", component=function.ref), cause=down.key)
    burn = a_finding(FAIL, check="service.slo.burn", component=slo.ref)
    (found,) = assign_causes([burn], CHECKS, [errors], {slo.ref: slo})
    assert found.cause == down.key


def test_two_that_depend_on_each_other_are_not_both_hidden() -> None:
    """The configuration refuses it; whatever comes from elsewhere hides nothing."""
    one, other = (
        made(Function, name="one", depends_on=("function/other",)),
        made(Function, name="other", depends_on=("function/one",)),
    )
    failing = [a_finding(FAIL, check="service.function.errors", component=each.ref) for each in (one, other)]
    found = assign_causes(failing, CHECKS, components={one.ref: one, other.ref: other})
    assert sum(not each.cause for each in found) == 1


def test_dumps_follow_from_the_cluster_of_their_database() -> None:
    """A cluster that is down makes no dumps; a cluster of another database explains nothing."""
    dumps = made(DumpBackups, name="hourly", database="main")
    stale = a_finding(FAIL, check="backup.dump.freshness", component=dumps.ref)
    down = a_finding(FAIL, check="inventory.aurora.available", component=CLUSTER)
    known = {dumps.ref: dumps, DATABASE: made(Database, name="main", cluster="blue")}
    assert caused(stale, down, components=known) == {"backup.dump.freshness": down.check}
    assert caused(stale, down, components=known | {DATABASE: made(Database, name="main", cluster="red")}) == {}
    assert caused(stale, down, components=known | {DATABASE: made(Database, name="main", cluster=None)}) == {}


def test_a_whole_finding_is_judged_again_with_the_same_cause() -> None:
    """`verify` finds the recorded cause by the recorded components, and a removed one is a difference."""
    own = [replace(doors_closed, id=name) for name in ("inventory.doors", "service.doors")]
    checks = (own[0], replace(own[1], follows_from=(FollowsFrom(check="inventory.doors", where=(("name", "auth"),)),)))
    checked = run_checks(
        [planned(check) for check in checks], GuardPost(Guard(lambda _: Doors(open=("north",)))), SOON, NOW, lambda: NOW
    )
    components = {each.component.ref: each.component.model_dump(mode="json") for each in map(planned, checks)}
    run = replace(a_run(*checked.findings), evidence=checked.evidence, components=components)
    assert {finding.check: bool(finding.cause) for finding in run.findings} == {own[0].id: False, own[1].id: True}
    assert rejudge(run, checks) == ()
    altered = replace(run, findings=tuple(replace(finding, cause="") for finding in run.findings))
    assert [difference.finding.check for difference in rejudge(altered, checks)] == [own[1].id]


def test_a_thousand_causes_and_effects_are_assigned_in_one_look_at_each() -> None:
    """The work grows with the findings, and not with causes times effects."""
    looks = Counter[str]()

    class Counted(str):
        """A subject that counts how often it is compared."""

        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            looks["subject"] += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    down = [
        replace(a_finding(FAIL, check="inventory.aurora.available", component=CLUSTER), subject=Counted(n))
        for n in range(300)
    ]
    thin = replace(looked("", reason=Reason.NOT_ENOUGH_DATA, check="service.aurora.cpu", component=CLUSTER), source="")
    found = assign_causes([*down, *(replace(thin, subject=Counted(n)) for n in range(300))], CHECKS)
    assert sum(bool(each.cause) for each in found) == 300
    assert looks["subject"] < 60 * 600
