"""One cause is one finding: what it explains, and what it must never hide."""

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

# By id, writing comes before reading, which may explain it.
ROLES, POLICIES, READ, WRITTEN = "tenancy.rls.bypass_roles", "tenancy.rls.policies", "probe.read", "probe.changed"
DATABASE = "database/app"
AUTH = {"function/auth": Function(name="auth").model_dump(mode="json")}


def a_check(name: str, *explained_by: str) -> AnyCheck:
    """A check that says whose findings may be the causes of its own, and nothing else of note."""
    return replace(doors_closed, id=name, explained_by=explained_by)


SOME = (a_check(ROLES), a_check(POLICIES), a_check(READ, "tenancy.rls.*"), a_check(WRITTEN, "tenancy.rls.*", READ))


def failing(
    check: str, subject: str, *about: Affected, severity: Severity = Severity.CRITICAL, component: str = DATABASE
) -> Finding:
    """A FAIL about these pairs."""
    finding = a_finding(Status.FAIL, check=check, component=component, subject=subject, severity=severity)
    return replace(finding, affected=about)


def causes(*findings: Finding, beside: Sequence[Finding] = ()) -> dict[tuple[str, str], str]:
    """What explains each finding that is explained, by check and subject."""
    known = {finding.key: f"{finding.check} {finding.subject}" for finding in (*findings, *beside)}
    return {(f.check, f.subject): known[f.cause] for f in assign_causes(findings, SOME, beside) if f.cause}


BYPASS = failing(ROLES, "app", ("app", ANY_PRINCIPAL_OR_OBJECT))
OPEN = failing(POLICIES, "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices"))
LEAK = failing(READ, "app", ("app", "invoices"))


def test_a_leak_has_its_cause_in_the_open_policy() -> None:
    """What is seen where a static finding says so is its symptom; the cause itself has none."""
    assert causes(OPEN, LEAK) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_known_failure_of_one_table_hides_no_leak_of_another() -> None:
    """One pair that nothing covers, and the whole finding stands for itself."""
    wider = replace(LEAK, affected=(*LEAK.affected, ("app", "documents")))
    assert causes(OPEN, wider) == {}
    assert causes(OPEN, wider, failing(POLICIES, "documents", (ANY_PRINCIPAL_OR_OBJECT, "documents"))) != {}


def test_a_known_failure_of_one_role_hides_no_leak_to_another() -> None:
    """A role that goes past policies explains what that role sees."""
    assert causes(BYPASS, replace(LEAK, affected=(("analytics", "invoices"),))) == {}


def test_a_role_that_reads_every_relation_explains_nothing_of_its_sessions() -> None:
    """What a session starts with is no relation."""
    assert causes(BYPASS, replace(LEAK, affected=(("app", session_object("context")),))) == {}


@pytest.mark.parametrize("status", [Status.UNVERIFIED, Status.PASS, Status.NOT_APPLICABLE])
def test_only_a_failure_explains_and_is_explained(status: Status) -> None:
    """Nobody knows what an UNVERIFIED policy lets through, and nobody saw what an UNVERIFIED probe did not see."""
    other = replace(a_finding(status, check=POLICIES, component=DATABASE, subject="invoices"), affected=OPEN.affected)
    assert causes(other, LEAK) == {}
    assert causes(OPEN, replace(other, check=READ)) == {}


def test_what_says_not_what_it_is_about_is_never_explained() -> None:
    """Without pairs, nothing is known to be the same."""
    assert causes(BYPASS, OPEN, replace(LEAK, affected=())) == {}


def test_another_component_explains_nothing() -> None:
    """Databases have tables of one name."""
    assert (
        causes(failing(POLICIES, "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices"), component="database/other"), LEAK)
        == {}
    )


def test_a_check_explains_only_those_that_name_it() -> None:
    """A cause is of a kind that the symptom's check expects."""
    assert causes(failing("logging.trail", "invoices", (ANY_PRINCIPAL_OR_OBJECT, "invoices")), LEAK) == {}
    assert causes(OPEN, failing(ROLES, "app", ("app", "invoices"))) == {}


def test_the_gravest_is_the_cause_and_the_first_by_id_among_equals() -> None:
    """Which one is told is the same in every run."""
    assert causes(BYPASS, OPEN, LEAK) == {(READ, "app"): f"{ROLES} app"}
    assert causes(replace(BYPASS, severity=Severity.LOW), OPEN, LEAK) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_symptom_of_a_symptom_has_the_cause_of_both() -> None:
    """The way leads to what nothing explains, and a leak that nothing static explains is itself the cause."""
    written = failing(WRITTEN, "app", ("app", "invoices"))
    assert causes(LEAK, written) == {(WRITTEN, "app"): f"{READ} app"}
    assert set(causes(OPEN, LEAK, written).values()) == {f"{POLICIES} invoices"}


def test_two_that_would_explain_each_other_are_not_both_hidden() -> None:
    """Whatever checks say of themselves, one of them is told; none explains what is of its own kind."""
    one, other = failing("one", "", *OPEN.affected), failing("other", "", *OPEN.affected)
    found = assign_causes([one, other], [a_check("one", "o*"), a_check("other", "o*")])
    assert sum(not finding.cause for finding in found) == 1
    twice = [failing("one", subject, *OPEN.affected) for subject in "ab"]
    assert [finding.cause for finding in assign_causes(twice, [a_check("one", "o*")])] == ["", ""]


def test_a_pass_says_what_causes_what_and_is_judged_again_alike() -> None:
    """The runner finds the causes, and so does whoever judges its evidence again; one that was painted over is seen."""
    open_, seen = (concerned(name) for name in (POLICIES, READ))
    checks = (open_, replace(seen, explained_by=("tenancy.rls.*",)))
    guard = GuardPost(Guard(lambda _: Doors(open=("north",))))
    checked = run_checks([planned(check) for check in checks], guard, SOON, NOW, lambda: NOW)
    run = replace(a_run(*checked.findings), evidence=checked.evidence, components=AUTH)
    assert {finding.check: bool(finding.cause) for finding in run.findings} == {POLICIES: False, READ: True}
    assert rejudge(run, checks) == ()
    painted = replace(run, findings=tuple(replace(finding, cause="") for finding in run.findings))
    assert [difference.of.check for difference in rejudge(painted, checks)] == [READ]


def concerned(name: str) -> AnyCheck:
    """A check of doors whose FAILs are about the door, whoever goes through it."""

    def judge(facts: Doors, component: Function, now: datetime) -> Iterator[Verdict]:
        for verdict in doors_closed.judge(facts, component, now):
            yield with_affected(verdict, [(ANY_PRINCIPAL_OR_OBJECT, verdict.subject)])

    return replace(doors_closed, id=name, judge=judge)


def test_what_stands_beside_a_partial_run_explains() -> None:
    """A run that only probes has its causes in what was proven before it."""
    assert causes(LEAK, beside=[OPEN]) == {(READ, "app"): f"{POLICIES} invoices"}


def test_a_cause_that_is_over_has_no_symptoms() -> None:
    """What still names it is shown by itself."""
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
def test_every_cause_covers_stands_and_has_no_cause(findings: list[Finding]) -> None:
    """Whatever was found: a cause is a FAIL of the run that nothing explains, and nothing unexplained is hidden."""
    found = {finding.key: finding for finding in assign_causes(findings, SOME)}
    roots = [f for f in found.values() if f.status is Status.FAIL and not f.cause]
    for finding in found.values():
        if finding.cause:
            assert finding.status is Status.FAIL
            assert found[finding.cause] in roots
            assert all(_covered(pair, roots) for pair in finding.affected)
    assert [replace(f, cause="") for f in found.values()] == findings


@given(findings=FINDINGS, shuffled=st.randoms(use_true_random=False))
def test_causes_do_not_depend_on_the_order_or_on_what_was_said_before(
    findings: list[Finding], shuffled: Random
) -> None:
    """The same findings have the same causes, and finding them twice changes nothing."""
    once = assign_causes(findings, SOME)
    other = list(once)
    shuffled.shuffle(other)
    assert set(assign_causes(other, reversed(SOME))) == set(once)


def _covered(pair: Affected, roots: Sequence[Finding]) -> bool:
    return any(wider in root.affected for root in roots for wider in broader(pair))


@pytest.mark.parametrize("check", [each for each in CHECKS if each.explained_by], ids=lambda check: check.id)
def test_no_check_explains_what_explains_it(check: AnyCheck) -> None:
    """The ways from symptom to cause go in one direction, and every glob is of a check that there is."""
    assert all(any(fnmatchcase(each.id, glob) for each in CHECKS) for glob in check.explained_by)
    before, reached = set[str](), {check.id}
    while reached - before:
        before, reached = reached, reached | {name for each in reached for name in _explaining(each)}
    assert all(check.id not in _explaining(name) for name in reached)


def _explaining(check: str) -> set[str]:
    globs = next(each.explained_by for each in CHECKS if each.id == check)
    return {each.id for each in CHECKS if any(fnmatchcase(each.id, glob) for glob in globs)}
