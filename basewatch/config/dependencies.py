"""What components depend on: each name has to be a declared component, and none depends on itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from basewatch.components import COMPONENT_SECTIONS
from basewatch.config.problems import did_you_mean
from basewatch.config.yaml_document import KeyPath, YamlDocument
from basewatch.errors import Problem


def broken_dependencies(document: YamlDocument) -> Iterator[Problem]:
    """Every entry of `depends_on` that names no component, or leads back to the component itself."""
    declared = dict(_declared(document))
    for ref, at in declared.items():
        for index, name in enumerate(_depends_on(document, at)):
            here: KeyPath = (*at, "depends_on", index)
            if not isinstance(name, str):
                continue
            if name not in declared:
                remedy = (
                    f"{did_you_mean(name, sorted(declared))}write the kind and the name, such as {next(iter(declared))}"
                )
                yield document.problem(here, f"there is no component '{name}'", remedy)
            elif ref in _reached(document, declared, name):
                yield document.problem(
                    here, f"'{ref}' depends on itself, by way of '{name}'", "remove one of the two: a cause comes first"
                )


def _declared(document: YamlDocument) -> Iterator[tuple[str, KeyPath]]:
    for kind, section in COMPONENT_SECTIONS.items():
        items = document.value(("components", section))
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, dict) and isinstance(name := item.get("name"), str):
                yield f"{kind.kind}/{name}", ("components", section, index)


def _depends_on(document: YamlDocument, at: KeyPath) -> list[object]:
    value = document.value((*at, "depends_on"))
    return list(value) if isinstance(value, list) else []


def _reached(document: YamlDocument, declared: Mapping[str, KeyPath], start: str) -> frozenset[str]:
    """The component, and all that it depends on over any number of steps."""
    found, waiting = set[str](), [start]
    while waiting:
        ref = waiting.pop()
        if ref in declared and ref not in found:
            found.add(ref)
            waiting += [name for name in _depends_on(document, declared[ref]) if isinstance(name, str)]
    return frozenset(found)
