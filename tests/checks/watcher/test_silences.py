"""Silences that end soon, have ended or silence nothing are findings of low severity."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from basewatch.components import Component, Watcher
from basewatch.components.watcher import DeclaredSilence
from basewatch.config import Alerts
from basewatch.model import ExpectedCheck, Status
from checks.watcher.silences import SilenceUse, every_silence_is_in_use
from reports import html, markdown
from reports.view import View
from tests.fakes import NOON, a_finding, a_run
from workflows.silence_use import accepted_findings, declared_silences, unused_silences

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "unused", "said"),
    [
        (30 * DAY, False, ""),
        (365 * DAY, False, ""),
        (366 * DAY + DAY, False, "has no end within a year"),
        (7 * DAY, False, "ends in 7 days"),
        (DAY / 2, False, "ends today"),
        (timedelta(), False, "ended on 2026-03-02"),
        (-DAY, True, "ended on 2026-03-01"),
        (30 * DAY, True, "matches nothing that is checked"),
    ],
)
def test_a_silence_is_debt_with_a_due_date(left: timedelta, unused: bool, said: str) -> None:  # noqa: FBT001  # pytest's
    """A week before its end and after it, and when it silences nothing, it is a finding that names its owner."""
    silence = DeclaredSilence(name="backup.*", owner="ana", reason="known", start=None, until=NOON + left)
    watcher = Watcher(every=DAY, silences=(silence,))
    (verdict,) = every_silence_is_in_use.judge(SilenceUse(unused=("backup.*",) if unused else ()), watcher, NOON)
    assert verdict.status is (Status.FAIL if said else Status.PASS)
    assert said in verdict.summary
    assert "of ana: known" in verdict.observed


def test_a_platform_without_silences_has_no_such_check() -> None:
    """It is planned only where there is something to judge."""
    assert not every_silence_is_in_use.applies_to(Watcher(every=DAY))


PAIR = ExpectedCheck(check=a_finding().check, component=a_finding().component)
KNOWN = [a_finding(subject="invoices")]


@pytest.mark.parametrize(
    ("match", "used"),
    [
        ({"checks": ["backup.aurora.*"]}, True),
        ({"checks": ["backup.arora.*"]}, False),
        ({"components": ["aurora_cluster/*"], "severity": ["critical"]}, True),
        ({"components": ["aurora_cluster/*"], "severity": ["low"]}, False),
        ({"subjects": ["invoices"]}, True),
        ({"subjects": ["invioces"]}, False),
        ({"labels": {"team": "payments"}}, False),
    ],
)
def test_a_silence_that_matches_nothing_is_found(match: dict[str, Any], used: bool) -> None:  # noqa: FBT001  # pytest's
    """By what is checked, and by the findings of the last pass; without a last pass, a subject may still appear."""
    silence = {"owner": "ana", "reason": "known", "until": "2026-12-31", "match": match}
    alerts = Alerts.model_validate({"silences": [silence]})
    none: list[Component] = []
    (declared,) = declared_silences(alerts)
    assert unused_silences(alerts, [PAIR], none, KNOWN) == (() if used else (declared.name,))
    if "subjects" in match:
        assert unused_silences(alerts, [PAIR], none, ()) == ()


@pytest.mark.parametrize("render", [markdown.render, html.render])
def test_a_silenced_finding_is_shown_as_accepted(render: Callable[[View], bytes]) -> None:
    """Reports keep it as it is, and say until when, by whom and why; the reason is only text."""
    silence = {"owner": "ana", "reason": "<b>known</b>", "ticket": "OPS-1", "until": "2026-12-31"}
    alerts = Alerts.model_validate({"silences": [{**silence, "match": {"subjects": ["invoices"]}}]})
    run = replace(a_run(*KNOWN, a_finding(subject="users")), components={}, series=())
    accepted = accepted_findings(alerts, run.findings, (), NOON)
    assert accepted.keys() == {KNOWN[0].key}
    text = render(View(run=run, platform="p", environment="e", checks={}, accepted=accepted)).decode()
    assert len(re.findall("Accepted until 2027.01.01 00:00 UTC by ana", text.replace("\\", ""))) == 1
    assert "<b>known" not in text
