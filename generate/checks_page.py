"""The page docs/checks.md, generated from the checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basewatch.check import DOC_SECTIONS, AnyCheck

_HEAD = """# Checks

Every check that Basewatch ships: its promise, what it reads, and how to repair a FAIL. This page is generated from the
checks by `make docs`.

**Severity** says how bad a FAIL is. **Proof** says how strong a PASS is: the configuration was read, a sample was
observed, the whole population was observed, or the behaviour was tried.

| check | component | severity | proof | promise |
|---|---|---|---|---|
"""


def checks_page(checks: Sequence[AnyCheck]) -> str:
    """The page: a table of the checks in the given order, then one section for each."""
    rows = (f"| {_link(c)} | {c.component.__name__} | {c.severity} | {c.proof} | {c.title} |\n" for c in checks)
    return _HEAD + "".join(rows) + "".join("\n" + "".join(_section(check)) for check in checks)


def _link(check: AnyCheck) -> str:
    return f"[`{check.id}`](#{check.id.replace('.', '')})"


def _section(check: AnyCheck) -> Iterator[str]:
    yield f"## {check.id}\n\n{check.title}.\n\n"
    yield from (f"- **{part}:** {check.doc_sections[part]}\n" for part in DOC_SECTIONS)
    yield f"- **Needs:** {', '.join(f'`{need}`' for need in check.needs) or 'nothing'}\n"
