"""docs/truth-matrix.md counts what is tried."""

from __future__ import annotations

from tests.checks.truth.page import PAGE, page


def test_the_page_is_current() -> None:
    """A fault, a check or a situation that is added changes the page."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.checks.truth"
