"""How components are related: what one is about, what it lies in, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import assert_never

from basewatch.components.component import Component
from basewatch.components.databases import Database
from basewatch.components.slo import Slo
from basewatch.components.storage import DumpBackups


class Relation(StrEnum):
    """Where the cause of a finding may be, seen from the finding's component.

    ITSELF is the same component. OBJECTIVE is what an objective is of. CLUSTER is the Aurora cluster of a database, or
    of the database that is dumped. DEPENDENCY is everything in `depends_on`, over any number of steps.
    """

    ITSELF = "itself"
    OBJECTIVE = "objective"
    CLUSTER = "cluster"
    DEPENDENCY = "dependency"


def related(component: Component, relation: Relation, components: Mapping[str, Component]) -> frozenset[str]:
    """The refs of the components that stand in this relation to `component`; `components` are the known ones by ref."""
    match relation:
        case Relation.ITSELF:
            return frozenset({component.ref})
        case Relation.OBJECTIVE:
            return frozenset({component.of} if isinstance(component, Slo) else ())
        case Relation.CLUSTER:
            return frozenset(_cluster(component, components))
        case Relation.DEPENDENCY:
            return _dependencies(component, components)
        case _:
            assert_never(relation)


def _cluster(component: Component, components: Mapping[str, Component]) -> Iterator[str]:
    if isinstance(component, DumpBackups):
        database = components.get(f"{Database.kind}/{component.database}")
        if database is not None:
            yield from _cluster(database, components)
    elif isinstance(component, Database) and component.cluster:
        yield f"aurora_cluster/{component.cluster}"


def _dependencies(component: Component, components: Mapping[str, Component]) -> frozenset[str]:
    """What the component depends on, itself left out: an objective, on what its component depends on."""
    found, waiting = set[str](), list(component.depends_on)
    if isinstance(component, Slo) and component.of in components:
        waiting += components[component.of].depends_on
    while waiting:
        ref = waiting.pop()
        if ref != component.ref and ref not in found:
            found.add(ref)
            if (next_one := components.get(ref)) is not None:
                waiting += (*next_one.depends_on, *_cluster(next_one, components))
    return frozenset(found)
