"""The seal of a run: a sha256 over the run and the seal before it, so that no recorded run can change unseen."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TypeAlias, cast

from basewatch.facts import canonical, to_json
from basewatch.model import JSON, Run

_Form: TypeAlias = "dict[str, JSON]"
_LATER = frozenset({"scope", "intervals", "about", "cause"})


def seal(run: Run, previous_seal: str) -> Run:
    """The run, sealed onto the one before it; `previous_seal` is empty for the first."""
    unsealed = replace(run, previous_seal=previous_seal, seal="")
    return replace(unsealed, seal=hashlib.sha256(canonical(_sealed_form(unsealed))).hexdigest())


def _sealed_form(run: Run) -> _Form:
    """What is hashed: a field that came later stands in it only when it says something, so that old seals hold."""
    form = _spoken(cast("_Form", to_json(Run, run)))
    form["findings"] = [_spoken(finding) for finding in cast("list[_Form]", form["findings"])]
    for transition in cast("list[_Form]", form["transitions"]):
        transition["finding"] = _spoken(cast("_Form", transition["finding"]))
    return form


def _spoken(form: _Form) -> _Form:
    return {name: value for name, value in form.items() if value or name not in _LATER}


def problem(run: Run, previous_seal: str) -> str:
    """Why the run is not the one that was sealed after `previous_seal`; empty when it is."""
    if run.previous_seal != previous_seal:
        return "it does not follow the run recorded before it: a run was removed, added or moved"
    if seal(run, previous_seal).seal != run.seal:
        return "its content is not what was sealed"
    return ""
