"""Validates that a service level objective is of a declared component that has events of its kind."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import COMPONENT_SECTIONS, Api, Component, Function, Table
from basewatch.config.problems import did_you_mean
from basewatch.config.yaml_document import KeyPath, YamlDocument
from basewatch.errors import Problem

_AT: KeyPath = ("components", "slos")
_KINDS: dict[str, tuple[type[Component], ...]] = {
    "availability": (Api, Function),
    "latency": (Api, Function),
    "throttling": (Table,),
}


def invalid_objectives(document: YamlDocument) -> Iterator[Problem]:
    """Every objective of a component that is not declared, or of a kind that has no such events."""
    written = document.value(_AT)
    for index, item in enumerate(written if isinstance(written, list) else []):
        of, sli = (item.get("of"), item.get("sli")) if isinstance(item, dict) else (None, None)
        kinds = _KINDS.get(sli) if isinstance(sli, str) else None
        if kinds is None or not isinstance(of, str):
            continue
        fitting = [f"{kind.kind}/{name}" for kind in kinds for name in _names(document, kind)]
        if of not in fitting:
            what = " or ".join(f"{kind.kind}/<name>" for kind in kinds)
            there = f"there are {', '.join(fitting)}" if fitting else "none is declared"
            yield document.problem(
                (*_AT, index, "of"),
                f"'{of}' is not a declared component that can have an objective of {sli}",
                f"{did_you_mean(of, fitting)}it has to be {what}: {there}",
            )


def _names(document: YamlDocument, kind: type[Component]) -> Iterator[str]:
    written = document.value(("components", COMPONENT_SECTIONS[kind]))
    for item in written if isinstance(written, list) else []:
        if isinstance(item, dict) and isinstance(name := item.get("name"), str):
            yield name
