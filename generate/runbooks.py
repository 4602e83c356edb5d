"""The pages in docs/runbooks that are made of the checks: one for each check that is alerted, and their index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial

from alerts.links import BLIND_PAGE, HISTORY_PAGE, UNSEEN_PAGE
from alerts.phrases import PROOFS
from basewatch.check import AnyCheck, is_alerted
from basewatch.components import Relation


def runbooks(checks: Sequence[AnyCheck]) -> Mapping[str, Callable[[], str]]:
    """The text of each page, by its file name; those that are about no check are written by hand."""
    alerted = [check for check in checks if is_alerted(check.id)]
    pages: dict[str, Callable[[], str]] = {f"{check.id}.md": partial(_page, check, alerted) for check in alerted}
    return {"README.md": partial(_index, alerted), **pages}


def _page(check: AnyCheck, checks: Sequence[AnyCheck]) -> str:
    return (
        "\n".join((*_head(check), *_repair(check), *_causes(check, checks), *_unverified(check), *_more(check))) + "\n"
    )


def _head(check: AnyCheck) -> Iterator[str]:
    yield f"# {check.id}"
    yield ""
    yield f"**The promise:** {check.title}."
    yield ""
    yield f"**About:** {_noun(check)}. **Severity:** {check.severity}. **Why:** {check.doc_sections['Why']}"
    yield ""


def _repair(check: AnyCheck) -> Iterator[str]:
    yield "## What to do"
    yield ""
    yield "1. See what was read, since when it is so, and who was notified. The message has the key:"
    yield ""
    yield "   ```sh"
    yield "   basewatch explain KEY"
    yield "   ```"
    yield ""
    yield f"2. Repair it. {check.doc_sections['Fix']}"
    yield "3. Verify that it is over. This records nothing and sends nothing, and ends with 0:"
    yield ""
    yield "   ```sh"
    yield f"   basewatch check --only {check.id} --component '*/NAME' --fail-on low"
    yield "   ```"
    yield ""
    yield "   The next pass sends the resolve; `basewatch run` makes one now."
    yield ""


def _causes(check: AnyCheck, checks: Sequence[AnyCheck]) -> Iterator[str]:
    causes = [other for other in checks if other is not check and _matches(other, _explaining(check))]
    effects = [other for other in checks if other is not check and _matches(check, _explaining(other))]
    if causes:
        yield "## What it may come from"
        yield ""
        yield "When one of these explains it, that is the alert, and this one is listed inside:"
        yield ""
        yield from (f"- [{each.id}]({each.id}.md): {each.title}" for each in causes)
        yield ""
    if effects:
        yield "## What it may explain"
        yield ""
        yield from (f"- [{each.id}]({each.id}.md): {each.title}" for each in effects)
        yield ""


def _explaining(check: AnyCheck) -> tuple[str, ...]:
    """Globs over the checks that may explain this one; what a component depends on is the adopter's own."""
    return (*check.explained_by, *(each.check for each in check.follows_from if each.of is not Relation.DEPENDENCY))


def _matches(check: AnyCheck, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(check.id, glob) for glob in globs)


def _unverified(check: AnyCheck) -> Iterator[str]:
    yield "## If it cannot be verified"
    yield ""
    yield f"Then nobody knows whether the promise holds. {check.doc_sections['Unverified when']}"
    yield ""
    if check.needs:
        yield f"It needs {', '.join(f'`{need}`' for need in check.needs)}. [What to do]({UNSEEN_PAGE}.md)."
        yield ""


def _more(check: AnyCheck) -> Iterator[str]:
    yield "## How it is known"
    yield ""
    yield f"- **Reads:** {check.doc_sections['Reads']}"
    yield f"- **Proof:** {PROOFS[check.proof]}."
    yield f"- **Source:** {check.doc_sections['Source']}"


def _noun(check: AnyCheck) -> str:
    return check.component.noun or "every component with such a promise"


def _index(checks: Sequence[AnyCheck]) -> str:
    rows = "".join(f"| [{check.id}]({check.id}.md) | {check.severity} | {check.title} |\n" for check in checks)
    return f"""# Runbooks

One page for each alert: what it means, what to do first, and how to verify that it is over. `runbooks` under
`alerts.links` says where they are published, so that messages lead to them. `make docs` writes them from the checks.

| the message begins with | page |
|---|---|
| Basewatch cannot see … | [{BLIND_PAGE}]({BLIND_PAGE}.md) |
| Cannot verify …, or … promises cannot be verified | [{UNSEEN_PAGE}]({UNSEEN_PAGE}.md) |
| any, with a note that the history is down | [{HISTORY_PAGE}]({HISTORY_PAGE}.md) |
| a resource | the page of the check, below |

| check | severity | promise |
|---|---|---|
{rows}"""
