"""Every alert has a page that says what to do, and every message leads to one that exists."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alerts.drill import DRILL_CHECK
from alerts.links import links_of
from basewatch.alert import Alert, AlertKind
from basewatch.check import AnyCheck, is_alerted
from basewatch.config.alerting import AlertLinks
from checks import CHECKS
from generate.runbooks import runbooks
from tests.alerts.samples import EXAMPLES
from tests.repository import ROOT

ALERTED = [check for check in CHECKS if is_alerted(check.id)]
FOLDER = ROOT / "docs" / "runbooks"
BY_HAND = {"unseen.md", "blind.md", "history-down.md", f"{DRILL_CHECK}.md"}


@pytest.mark.parametrize("check", ALERTED, ids=lambda check: check.id)
def test_a_page_has_the_promise_the_repair_and_the_proof_that_it_is_over(check: AnyCheck) -> None:
    """Who is woken finds what it means, what to do, the command that verifies it, and what UNVERIFIED means."""
    page = runbooks(CHECKS)[f"{check.id}.md"]()
    assert check.title in page
    assert f"basewatch check --only {check.id} --component" in page
    assert all(check.doc_sections[name] in page for name in ("Why", "Fix", "Reads", "Unverified when", "Source"))


def test_the_folder_has_these_pages_and_no_others() -> None:
    """The page of a check that was removed is removed as well."""
    assert {path.name for path in FOLDER.iterdir()} == set(runbooks(CHECKS)) | BY_HAND


def test_every_link_between_pages_leads_somewhere() -> None:
    """No page names one that does not exist."""
    linked = {
        (path.name, target)
        for path in FOLDER.iterdir()
        for target in re.findall(r"\]\(([^):]+\.md)\)", path.read_text(encoding="utf-8"))
    }
    assert linked
    assert [(page, target) for page, target in sorted(linked) if not (FOLDER / target).is_file()] == []


@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_leads_to_a_page(kind: AlertKind) -> None:
    """By default a message names a page of this repository."""
    for check in ALERTED:
        alert: Alert = replace(EXAMPLES["fails"].alert, kind=kind, check=check.id, members=())
        links = links_of(alert, "run-1", AlertLinks(), "", history_down=True)
        pages = [ROOT / each.url for each in links if not each.absolute]
        assert [page.is_file() for page in pages] == [True, True], pages
