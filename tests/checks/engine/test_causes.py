"""The causes of findings: what a cause explains, and what it never hides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, broader, session_object, symptoms, with_affected
from basewatch.check import AnyCheck
from basewatch.components import Function
from basewatch.model import Finding, Severity, Status, Verdict
from checks import CHECKS
from checks.engine.causes import assign_causes
from checks.engine.judge import rejudge
from checks.engine.run import run_checks
from tests.checks.example import NOW, SOON, Doors, Guard, GuardPost, doors_closed, planned
from tests.fakes import a_finding, a_run

# The id of the check of writes sorts before that of reads, which can explain it.
ROLES, POLICIES, READ, WRITTEN = "tenancy.rls.bypass_roles", "tenancy.rls.policies", "probe.read", "probe.changed"
DATABASE = "database/app"
AUTH = {"function/auth": Function(name="auth").model_dump(mode="json")}


def a_check(name: str, *explained_by: str) -> AnyCheck:
    """A check with this id and `explained_by`."""
    return replace(doors_closed, id=name, explained_by=explained_by)


SOME = (a_check(ROLES), a_check(POLICIES), a_check(READ, "tenancy.rls.*"), a_check(WRITTEN, "tenancy.rls.*", READ))


def failing(
    check: str, subject: str, *affected: Affected, severity: Severity = Severity.CRITICAL, component: str = DATABASE
) -> Finding:
    """A FAIL that affects these pairs."""
    finding = a_finding(Status.FAIL, check=check, component=component, subject=subject, severity=severity)
    return replace(finding, affected=affected)


def causes(*findings: Finding, current: Sequence[Finding] = ()) -> dict[tuple[str, str], str]:
    """The cause of each finding that has one, by check and subject."""
    known = {finding.key: f"{finding.check} {finding.subject}" for finding in (*findings, *current)}
    return {(f.check, f.subject): known[f.cause] for f in assign_causes(findings, SOME, current) if f.cause}


BYPASS = failing(ROLES, "app", ("app", ANY_PRINCIPAL_OR_OBJECT))
OPEN = failing(POLICIES, "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices"))
LEAK = failing(READ, "app", ("app", "invoices"))


def test_a_leak_has_its_cause_in_the_open_policy() -> None:
    """A leak through a policy with a static finding is its symptom; the static finding has no cause."""
    assert causes(OPEN, LEAK) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_known_failure_of_one_table_hides_no_leak_of_another() -> None:
    """A finding with one pair that no other finding covers has no cause."""
    wider = replace(LEAK, affected=(*LEAK.affected, ("app", "documents")))
    assert causes(OPEN, wider) == {}
    assert causes(OPEN, wider, failing(POLICIES, "documents", (ANY_PRINCIPAL_OR_OBJECT, "documents"))) != {}


def test_a_known_failure_of_one_role_hides_no_leak_to_another() -> None:
    """A role that bypasses policies explains only what that role reads."""
    assert causes(BYPASS, replace(LEAK, affected=(("analytics", "invoices"),))) == {}


def test_a_role_that_reads_every_relation_explains_nothing_of_its_sessions() -> None:
    """A preset of a session is no relation."""
    assert causes(BYPASS, replace(LEAK, affected=(("app", session_object("context")),))) == {}


@pytest.mark.parametrize("status", [Status.UNVERIFIED, Status.PASS, Status.NOT_APPLICABLE])
def test_only_a_failure_explains_and_is_explained(status: Status) -> None:
    """A finding that is not FAIL is neither a cause nor a symptom."""
    other = replace(a_finding(status, check=POLICIES, component=DATABASE, subject="invoices"), affected=OPEN.affected)
    assert causes(other, LEAK) == {}
    assert causes(OPEN, replace(other, check=READ)) == {}


def test_a_finding_that_affects_no_pair_is_never_explained() -> None:
    """Without pairs there is nothing to compare."""
    assert causes(BYPASS, OPEN, replace(LEAK, affected=())) == {}


def test_another_component_explains_nothing() -> None:
    """Two databases can have tables of the same name."""
    assert (
        causes(failing(POLICIES, "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices"), component="database/other"), LEAK)
        == {}
    )


def test_a_check_explains_only_those_that_name_it() -> None:
    """A cause comes from a check in the `explained_by` of the symptom's check."""
    assert causes(failing("logging.trail", "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices")), LEAK) == {}
    assert causes(OPEN, failing(ROLES, "app", ("app", "invoices"))) == {}


def test_the_cause_is_the_most_severe_and_the_first_by_id_among_equals() -> None:
    """The chosen cause is the same in every run."""
    assert causes(BYPASS, OPEN, LEAK) == {(READ, "app"): f"{ROLES} app"}
    assert causes(replace(BYPASS, severity=Severity.LOW), OPEN, LEAK) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_symptom_of_a_symptom_has_the_cause_of_both() -> None:
    """A chain of causes ends at a finding without a cause, which can be a leak itself."""
    written = failing(WRITTEN, "app", ("app", "invoices"))
    assert causes(LEAK, written) == {(WRITTEN, "app"): f"{READ} app"}
    assert set(causes(OPEN, LEAK, written).values()) == {f"{POLICIES} invoices"}


def test_two_that_would_explain_each_other_are_not_both_hidden() -> None:
    """If two checks explain each other, one finding has no cause; a check never explains its own findings."""
    one, other = failing("one", "", *OPEN.affected), failing("other", "", *OPEN.affected)
    found = assign_causes([one, other], [a_check("one", "o*"), a_check("other", "o*")])
    assert sum(not finding.cause for finding in found) == 1
    twice = [failing("one", subject, *OPEN.affected) for subject in "ab"]
    assert [finding.cause for finding in assign_causes(twice, [a_check("one", "o*")])] == ["", ""]


def test_a_run_assigns_causes_and_rejudging_finds_the_same() -> None:
    """The engine assigns causes, rejudging the evidence gives the same causes, and a removed cause is a difference."""
    policies, read = (affecting(name) for name in (POLICIES, READ))
    checks = (policies, replace(read, explained_by=("tenancy.rls.*",)))
    guard = GuardPost(Guard(lambda _: Doors(open=("north",))))
    checked = run_checks([planned(check) for check in checks], guard, SOON, NOW, lambda: NOW)
    run = replace(a_run(*checked.findings), evidence=checked.evidence, components=AUTH)
    assert {finding.check: bool(finding.cause) for finding in run.findings} == {POLICIES: False, READ: True}
    assert rejudge(run, checks) == ()
    altered = replace(run, findings=tuple(replace(finding, cause="") for finding in run.findings))
    assert [difference.finding.check for difference in rejudge(altered, checks)] == [READ]


def affecting(name: str) -> AnyCheck:
    """A check of doors whose FAILs affect the door, for any principal."""

    def judge(facts: Doors, component: Function, now: datetime) -> Iterator[Verdict]:
        for verdict in doors_closed.judge(facts, component, now):
            yield with_affected(verdict, [(ANY_PRINCIPAL_OR_OBJECT, verdict.subject)])

    return replace(doors_closed, id=name, judge=judge)


def test_a_current_finding_of_an_earlier_run_explains() -> None:
    """The finding of a partial run can have its cause in an earlier run."""
    assert causes(LEAK, current=[OPEN]) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_cause_that_no_longer_fails_has_no_symptoms() -> None:
    """A finding that still has its key as cause is shown on its own."""
    marked = replace(LEAK, cause=OPEN.key)
    assert symptoms([OPEN, marked]) == {OPEN.key: [marked]}
    assert symptoms([replace(OPEN, status=Status.PASS), marked]) == {}


NAMES = st.sampled_from(["app", "analytics", ANY_PRINCIPAL_OR_OBJECT])
THINGS = st.sampled_from(
    ["invoices", "documents", ANY_PRINCIPAL_OR_OBJECT, session_object("context"), session_object("role")]
)
FINDINGS = st.lists(
    st.builds(
        lambda check, subject, about, severity, status: replace(
            failing(check, subject, *about, severity=severity), status=status
        ),
        st.sampled_from([ROLES, POLICIES, READ, WRITTEN]),
        st.sampled_from("abcd"),
        st.lists(st.tuples(NAMES, THINGS), max_size=3),
        st.sampled_from(Severity),
        st.sampled_from([Status.FAIL, Status.PASS]),
    ),
    max_size=10,
    unique_by=lambda finding: finding.key,
)


@given(findings=FINDINGS)
def test_every_cause_covers_its_symptoms_and_has_no_cause(findings: list[Finding]) -> None:
    """For any findings, a cause is a FAIL without a cause, and FAILs without a cause cover every pair of a symptom."""
    found = {finding.key: finding for finding in assign_causes(findings, SOME)}
    roots = [f for f in found.values() if f.status is Status.FAIL and not f.cause]
    for finding in found.values():
        if finding.cause:
            assert finding.status is Status.FAIL
            assert found[finding.cause] in roots
            assert all(_covered(pair, roots) for pair in finding.affected)
    assert [replace(f, cause="") for f in found.values()] == findings


@given(findings=FINDINGS, shuffled=st.randoms(use_true_random=False))
def test_causes_do_not_depend_on_the_order_or_on_earlier_causes(findings: list[Finding], shuffled: Random) -> None:
    """Equal findings have equal causes, and a second assignment changes nothing."""
    once = assign_causes(findings, SOME)
    other = list(once)
    shuffled.shuffle(other)
    assert set(assign_causes(other, reversed(SOME))) == set(once)


def _covered(pair: Affected, roots: Sequence[Finding]) -> bool:
    return any(wider in root.affected for root in roots for wider in broader(pair))


@pytest.mark.parametrize("check", [each for each in CHECKS if each.explained_by], ids=lambda check: check.id)
def test_no_check_explains_what_explains_it(check: AnyCheck) -> None:
    """The links from symptoms to causes have no cycle, and every glob of `explained_by` matches a check."""
    assert all(any(fnmatchcase(each.id, glob) for each in CHECKS) for glob in check.explained_by)
    before, reached = set[str](), {check.id}
    while reached - before:
        before, reached = reached, reached | {name for each in reached for name in _explaining(each)}
    assert all(check.id not in _explaining(name) for name in reached)


def _explaining(check: str) -> set[str]:
    globs = next(each.explained_by for each in CHECKS if each.id == check)
    return {each.id for each in CHECKS if any(fnmatchcase(each.id, glob) for glob in globs)}
