"""docs/situations.md lists the situations that are tested, and no others."""

from __future__ import annotations

from tests.checks.situations.page import PAGE, page


def test_the_page_is_current() -> None:
    """A row that is added, changed or removed changes the page."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.checks.situations"
