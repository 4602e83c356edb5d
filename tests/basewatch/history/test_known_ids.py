"""The id of a resource is remembered from the newest run in which its check passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from basewatch.facts import digest
from basewatch.history.store import History
from basewatch.model import JSON, Evidence, ExpectedCheck, Run, Status
from tests.fakes import NOON, a_finding, a_run, some_evidence

CHECK, TABLE = "inventory.table.active", "table/customers"
PAIR = ExpectedCheck(check=CHECK, component=TABLE)


def run_of(hours: int, status: Status, **facts: JSON) -> Run:
    """A run, so long after noon, in which the table's check had this status on these facts."""
    read: JSON = dict(facts)
    content = {"observation": "table_state", "component": TABLE, "facts": read}
    evidence: Evidence = replace(
        some_evidence(), digest=digest(content), observation="table_state", component=TABLE, facts=read
    )
    finding = replace(a_finding(status, check=CHECK, component=TABLE), evidence=evidence.digest)
    return replace(a_run(finding, id=f"run-{hours}", at=NOON + timedelta(hours=hours)), evidence=(evidence,))


def test_an_id_is_known_from_the_newest_pass(history: History) -> None:
    """A run that did not pass makes no other id known, and a run of other components forgets none."""
    assert history.known_ids([PAIR]) == {}
    history.record(run_of(0, Status.PASS, state="ACTIVE"), ())
    assert history.known_ids([PAIR]) == {}
    history.record(run_of(1, Status.PASS, resource_id="a"), ())
    history.record(run_of(2, Status.UNVERIFIED, resource_id="b"), ())
    history.record(replace(a_run(a_finding(), id="other", at=NOON + timedelta(hours=3))), ())
    assert history.known_ids([PAIR]) == {TABLE: "a"}
    assert history.known_ids([ExpectedCheck(check=CHECK, component="table/other")]) == {}
    history.record(run_of(4, Status.PASS, resource_id="c"), ())
    assert history.known_ids([PAIR]) == {TABLE: "c"}
