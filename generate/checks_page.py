"""The page docs/checks.md, generated from the checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from basewatch.check import DOC_SECTIONS, AnyCheck, FollowsFrom
from basewatch.components import Relation
from checks.engine.causes import causes_of_all

_HEAD = """# Checks

Every check that Basewatch ships: its promise, what it reads, and how to repair a FAIL. This page is generated from the
checks by `make docs`.

**Severity** says how bad a FAIL is. **Proof** says how strong a PASS is: the configuration was read, a sample was
observed, the whole population was observed, or the behaviour was tried. **Explained by** names the FAILs that make a
finding of this check a part of their alert; a component that does not exist explains every other finding about it.

| check | component | severity | proof | promise |
|---|---|---|---|---|
"""

_ON: Mapping[Relation, str] = {
    Relation.ITSELF: "",
    Relation.OBJECTIVE: " on the component of the objective",
    Relation.CLUSTER: " on the Aurora cluster of the database",
    Relation.DEPENDENCY: " on what `depends_on` names",
}


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
    explanations = (*(f"`{glob}`, for the same objects" for glob in check.explained_by), *_wholes(causes_of_all(check)))
    if text := "; ".join(explanations):
        yield f"- **Explained by a FAIL of:** {text}\n"


def _wholes(causes: Iterable[FollowsFrom]) -> Iterator[str]:
    """What explains a whole finding, in words."""
    for cause in causes:
        where = "".join(f", if `{name}` is {value}" for name, value in cause.where)
        source = f", at `{cause.source}`" if cause.source != "*" else ""
        reasons = f", if UNVERIFIED ({', '.join(cause.reasons)}){source}" if cause.reasons else ""
        yield f"`{cause.check}`{_ON[cause.of]}{where}{reasons}"
