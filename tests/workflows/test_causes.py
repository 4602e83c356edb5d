"""One cause is one message, whatever its symptoms; every symptom is recorded, also by a partial pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from alerts import DeliveryRetryPolicy
from basewatch.check import is_alerted
from basewatch.history.store import History
from basewatch.model import Proof, Run, Status
from basewatch.notifier import Action
from checks.engine.judge import PlannedCheck, rejudge
from demo.receivers import Receivers
from demo.sandbox import Sandbox
from tests.workflows.test_monitor import a_pass
from workflows.commands import PreparedPlan, utc_now
from workflows.monitor import Delivered, deliver_recorded, observe_since_last, record_run
from workflows.plugins import known_checks

BOTH = [("on-call", Action.FIRE), ("production-alerts", Action.FIRE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """SQL that opens the isolation, its repair, and the check and subject of the one finding that alerts."""

    name: str
    breaks: str
    repairs: str
    check: str
    subject: str

    def __str__(self) -> str:
        return self.name


BYPASSED = Breach(
    name="a role bypasses row security",
    breaks="ALTER ROLE app BYPASSRLS",
    repairs="ALTER ROLE app NOBYPASSRLS",
    check="tenancy.rls.bypass_roles",
    subject="app",
)
OPENED = Breach(
    name="a policy lets everything through",
    breaks="CREATE POLICY everybody ON invoices USING (true)",
    repairs="DROP POLICY everybody ON invoices",
    check="tenancy.rls.policies",
    subject="invoices",
)
# A policy that cannot be proven: the catalogues do not show that it lets everything through.
UNPROVEN = Breach(
    name="a leak that the catalogues do not show",
    breaks="CREATE FUNCTION seems(uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS "
    "$$ DECLARE known boolean; BEGIN EXECUTE 'SELECT $1 IS NOT NULL' INTO known USING $1; RETURN known; END $$; "
    "CREATE POLICY seemly ON invoices TO analytics USING (seems(customer_id))",
    repairs="DROP POLICY seemly ON invoices; DROP FUNCTION seems(uuid)",
    check="tenancy.probe.cross_tenant",
    subject="analytics",
)


def failing(run: Run) -> dict[str, set[str]]:
    """The checks that failed, by the check and subject of the finding that explains them; by "" if none does."""
    name = {finding.key: f"{finding.check} {finding.subject}" for finding in run.findings} | {"": ""}
    found: dict[str, set[str]] = {}
    for finding in run.findings:
        if finding.status is Status.FAIL and is_alerted(finding.check):
            found.setdefault(name[finding.cause], set()).add(finding.check)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "breach",
    [OPENED, BYPASSED, UNPROVEN],
    ids=str,
)
def test_one_cause_is_notified_once_on_every_channel(
    box: Sandbox, prepared: PreparedPlan, receivers: Receivers, history: History, breach: Breach
) -> None:
    """Each channel gets one FAIL and its resolve; the symptoms are recorded under it, and judged again alike."""
    with broken(box, breach):
        first = a_pass(prepared, history)
    over = a_pass(prepared, history)
    fired = [each for each in first.delivery.delivered if each.alert.status is Status.FAIL]
    assert sorted((each.channel, each.action) for each in fired) == BOTH
    assert {(each.alert.check, each.alert.subject) for each in fired} == {(breach.check, breach.subject)}
    found, cause = failing(first.run), f"{breach.check} {breach.subject}"
    assert found.keys() == {"", cause}
    assert found[""] == {breach.check}
    assert "tenancy.probe.sweep" in found[cause]
    assert all(each.alert.members for each in fired)
    assert rejudge(first.run, known_checks()) == ()
    assert {each.action for each in over.delivery.delivered} == {Action.RESOLVE}
    assert receivers.pagerduty.incidents == {}


@contextmanager
def broken(box: Sandbox, breach: Breach) -> Iterator[None]:
    """The box with a breach, and without it afterwards."""
    box.database.execute(breach.breaks)
    try:
        yield
    finally:
        box.database.execute(breach.repairs)


@pytest.mark.slow
def test_a_partial_pass_that_only_probes_knows_the_cause(
    box: Sandbox, prepared: PreparedPlan, history: History
) -> None:
    """Earlier findings explain its symptoms, so that it reports nothing new; it is judged again alike."""
    with broken(box, BYPASSED):
        a_pass(prepared, history)
        part = probing(prepared, history)
    assert part.delivery.delivered == ()
    assert part.delivery.undelivered == ()
    symptoms = [finding for finding in part.run.findings if finding.status is Status.FAIL]
    causes = {finding.key for finding in history.current_findings() if finding.check == "tenancy.rls.bypass_roles"}
    assert symptoms
    assert {finding.cause for finding in symptoms} <= causes
    assert rejudge(part.run, known_checks()) == ()


def probing(prepared: PreparedPlan, history: History) -> Delivered:
    """A partial pass of the probes alone."""

    def wanted(planned: PlannedCheck) -> bool:
        tenancy = planned.check.id.startswith("tenancy.")
        return tenancy and planned.check.proof is not Proof.CONFIGURATION

    plan = prepared.plan.subset("probed again", wanted)
    settled = record_run(plan, observe_since_last(plan, prepared.sessions, history, utc_now), history)
    return deliver_recorded(
        plan, settled, history, (), utc_now, retry_policy=replace(DeliveryRetryPolicy(), backoff=())
    )
