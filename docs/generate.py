"""Writes the pages of docs/ that come from the code; with --check, says which of them are stale instead."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from basewatch.check import PARTS, AnyCheck
from checks import CHECKS

HERE = Path(__file__).parent
CATALOGUE_HEAD = """# What is checked

Every check Basewatch ships: the promise it can see broken, how it looks, and what to do about it. This page is written
from the checks themselves by `make docs`.

**Severity** says how bad a broken promise is. **Proof** says how strong a kept one is: a reading of the configuration,
a look at a sample, a look at everything there is, or the behaviour itself tried out.

| check | promise of | severity | proof | the promise |
|---|---|---|---|---|
"""


def catalogue(checks: tuple[AnyCheck, ...]) -> str:
    """The page docs/checks.md: a table of all checks in their listed order, then one section for each."""
    rows = (f"| {_link(c)} | {c.component.__name__} | {c.severity} | {c.proof} | {c.title} |\n" for c in checks)
    return CATALOGUE_HEAD + "".join(rows) + "".join("\n" + "".join(_section(check)) for check in checks)


def _link(check: AnyCheck) -> str:
    return f"[`{check.id}`](#{check.id.replace('.', '')})"


def _section(check: AnyCheck) -> Iterator[str]:
    yield f"## {check.id}\n\n{check.title}.\n\n"
    yield from (f"- **{part}:** {check.parts[part]}\n" for part in PARTS)
    yield f"- **Needs:** {', '.join(f'`{need}`' for need in check.needs)}\n"


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return {HERE / "checks.md": catalogue(CHECKS)}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check compare them: 1 when one is stale."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"docs/{path.name} is not what the code says; run `make docs`", file=sys.stderr)
        else:
            path.write_text(pages()[path], encoding="utf-8")
            print(f"wrote docs/{path.name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
