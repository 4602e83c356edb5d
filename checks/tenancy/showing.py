"""Where the rows of a relation show: in itself, and in every view that reads it."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Relation, RelationKind

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})


def visible_through(
    access: EffectiveAccess, relation: Relation, principal: str = ANY_PRINCIPAL_OR_OBJECT
) -> tuple[Affected, ...]:
    """What a leak of a relation is about: a principal with the relation, and with each view above it, at any height."""
    return tuple((principal, access.declared_name(each)) for each in _above(access, relation))


def _above(access: EffectiveAccess, relation: Relation) -> Iterator[Relation]:
    views = [each for each in access.inventory.relations if each.kind in _VIEWS]
    seen, new = {relation.oid}, {relation.oid}
    yield relation
    while new:
        found = [view for view in views if view.oid not in seen and new.intersection(view.referenced_relations)]
        yield from found
        new = {view.oid for view in found}
        seen |= new
