"""Merges several documents. Mappings are merged; any other key that is written twice is a problem."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

from basewatch.config.yaml_document import KeyPath, SourceLocation, YamlDocument
from basewatch.errors import Problem
from basewatch.model import JSON


def merge(documents: Sequence[YamlDocument]) -> YamlDocument:
    """One document with the keys of all. Of a key that is written twice, the first location is kept."""
    if len(documents) == 1:
        return documents[0]
    tree: dict[str, JSON] = {}
    keys: dict[KeyPath, SourceLocation] = {}
    values: dict[KeyPath, SourceLocation] = {}
    spelled: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    for document in documents:
        problems.extend(document.problems)
        if isinstance(document.tree, dict):
            problems.extend(_merge_into(document, tree, document.tree, (), keys))
        keys = {**document.key_locations, **keys}
        values = {**document.value_locations, **values}
        spelled = {**document.scalar_text, **spelled}
    return YamlDocument(
        tree=tree, key_locations=keys, value_locations=values, scalar_text=spelled, problems=tuple(problems)
    )


def _merge_into(
    document: YamlDocument,
    into: dict[str, JSON],
    more: dict[str, JSON],
    at: KeyPath,
    keys: dict[KeyPath, SourceLocation],
) -> Iterator[Problem]:
    for key, value in more.items():
        here = (*at, key)
        kept = into.get(key)
        if key not in into:
            into[key] = deepcopy(value)
        elif isinstance(kept, dict) and isinstance(value, dict):
            yield from _merge_into(document, kept, value, here, keys)
        else:
            first = keys[here]
            yield document.problem(
                here,
                f"this key was written before, in {first.file}:{first.line}",
                "keep one of the two; only mappings are merged, a list is written in one file",
                on_key=True,
            )
