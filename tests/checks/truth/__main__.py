"""Writes docs/truth-matrix.md."""

from __future__ import annotations

from tests.checks.truth.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
