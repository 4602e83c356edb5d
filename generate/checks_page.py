"""The page that says what is checked, written from the checks themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basewatch.check import DOC_SECTIONS, AnyCheck

_HEAD = """# What is checked

Every check Basewatch ships: the promise it can see broken, how it looks, and what to do about it. This page is written
from the checks themselves by `make docs`.

**Severity** says how bad a broken promise is. **Proof** says how strong a kept one is: a reading of the configuration,
a look at a sample, a look at everything there is, or the behaviour itself tried out.

| check | promise of | severity | proof | the promise |
|---|---|---|---|---|
"""


def checks_page(checks: Sequence[AnyCheck]) -> str:
    """The page docs/checks.md: a table of the checks in the order given, then one section for each."""
    rows = (f"| {_link(c)} | {c.component.__name__} | {c.severity} | {c.proof} | {c.title} |\n" for c in checks)
    return _HEAD + "".join(rows) + "".join("\n" + "".join(_section(check)) for check in checks)


def _link(check: AnyCheck) -> str:
    return f"[`{check.id}`](#{check.id.replace('.', '')})"


def _section(check: AnyCheck) -> Iterator[str]:
    yield f"## {check.id}\n\n{check.title}.\n\n"
    yield from (f"- **{part}:** {check.doc_sections[part]}\n" for part in DOC_SECTIONS)
    yield f"- **Needs:** {', '.join(f'`{need}`' for need in check.needs)}\n"
