"""Text made safe for a cell of a GitHub Markdown table: it shows as it is, and does nothing."""

from __future__ import annotations

import html
import re

from reports.text import visible

_LONGEST = 400
# What starts emphasis, code, a link, an image, a heading, a cell, math, or an automatic link.
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#!|~$]|:(?=//))")


def cell(text: str) -> str:
    """One line that Markdown and HTML show as `text`, cut when it is long."""
    shown = " ".join(visible(text).split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    escaped = _PUNCTUATION.sub(r"\\\1", html.escape(shown, quote=False))
    # A zero-width space keeps a mention from notifying anybody, and a word from becoming a link.
    return escaped.replace("@", "@&#8203;").replace("www.", "www&#8203;.")


def row(*cells: str) -> str:
    """A table's row of cells that are already safe."""
    return f"| {' | '.join(cells)} |"


def table(heads: tuple[str, ...], rows: list[str], *, room: int) -> list[str]:
    """A table of as many rows as `room` bytes hold, and a line that says how many it leaves out."""
    kept, used = list[str](), 0
    for line in rows:
        used += len(line.encode()) + 1
        if used > room:
            break
        kept.append(line)
    left_out = len(rows) - len(kept)
    told = ["", f"{left_out} more are left out here; the HTML report has all of them."] if left_out else []
    return [row(*heads), row(*("---" for _ in heads)), *kept, *told, ""]
