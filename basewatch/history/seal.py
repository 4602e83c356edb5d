"""The seal of a run: a sha256 over the run and the previous seal, so that a change to a recorded run is detected."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TypeAlias, cast

from basewatch.facts import canonical, to_json
from basewatch.model import JSON, Run

_Form: TypeAlias = "dict[str, JSON]"
# Fields added later are hashed only when they are not empty, so that older seals stay valid.
_ADDED_LATER = frozenset({"scope", "intervals", "about", "cause", "source", "action", "since"})
# Names that fields had when the first runs were sealed.
_SEALED_NAMES = {"affected": "about"}


def seal(run: Run, previous_seal: str) -> Run:
    """The run, sealed after the previous one; `previous_seal` is empty for the first run."""
    unsealed = replace(run, previous_seal=previous_seal, seal="")
    return replace(unsealed, seal=hashlib.sha256(canonical(_sealed_form(unsealed))).hexdigest())


def _sealed_form(run: Run) -> _Form:
    """The JSON form that is hashed."""
    form = _hashed_fields(cast("_Form", to_json(Run, run)))
    form["findings"] = [_hashed_fields(finding) for finding in cast("list[_Form]", form["findings"])]
    for transition in cast("list[_Form]", form["transitions"]):
        transition["finding"] = _hashed_fields(cast("_Form", transition["finding"]))
    return form


def _hashed_fields(form: _Form) -> _Form:
    sealed = {_SEALED_NAMES.get(name, name): value for name, value in form.items()}
    return {name: value for name, value in sealed.items() if value or name not in _ADDED_LATER}


def problem(run: Run, previous_seal: str) -> str:
    """Why the run differs from the run that was sealed after `previous_seal`; empty when it does not differ."""
    if run.previous_seal != previous_seal:
        return "it does not follow the run recorded before it: a run was removed, added or moved"
    if seal(run, previous_seal).seal != run.seal:
        return "its content differs from what was sealed"
    return ""
