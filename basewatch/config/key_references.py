"""The names of KMS keys in components: each has to be declared, so that the key itself is judged."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import COMPONENT_SECTIONS, EncryptedComponent, Key
from basewatch.config.problems import did_you_mean
from basewatch.config.yaml_document import YamlDocument
from basewatch.errors import Problem

_KEYS = COMPONENT_SECTIONS[Key]


def unknown_keys(document: YamlDocument) -> Iterator[Problem]:
    """Every name in the `keys` of a component that no declared key has."""
    known = [name for _, name in _named(document, _KEYS, "name")]
    for kind, section in COMPONENT_SECTIONS.items():
        for index, names in _named(document, section, "keys") if issubclass(kind, EncryptedComponent) else ():
            for number, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str) and name not in known:
                    declared = ", ".join(map(str, known)) or "none"
                    yield document.problem(
                        ("components", section, index, "keys", number),
                        f"there is no '{name}' in components.{_KEYS}",
                        f"{did_you_mean(name, list(map(str, known)))}declared is {declared}",
                    )


def _named(document: YamlDocument, section: str, setting: str) -> Iterator[tuple[int, object]]:
    """The value of a setting of each component in a section, with its place."""
    items = document.value(("components", section))
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict) and setting in item:
            yield index, item[setting]
