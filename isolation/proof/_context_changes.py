"""Finds code that could change the context while a policy is evaluated: all that the policy reaches is examined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import CONTEXT_CHANGING, FIRST_USER_OID
from isolation.inventory.relations import Relation, RelationKind
from isolation.proof._called_functions import functions_in, unnamed_code_in
from isolation.proof._function_resolver import FunctionResolver

_RELATION: Final = re.compile(r":rtekind 0 :relid (\d+) ")
# The types that values are converted to: by casts, rows, calls, and JSON or XML with columns.
_TYPE: Final = re.compile(r":(?:resulttype|row_typeid|funcresulttype|array_typeid|typid) (\d+)\b")


@dataclass(frozen=True, slots=True)
class ContextChanges:
    """The code that policies reach: functions, domains, views, and the policies of the tables that they read."""

    access: EffectiveAccess
    resolver: FunctionResolver

    def reasons(self, tree: str) -> list[str]:
        """Why the context may change while an expression is evaluated; empty if it cannot. Raises: UnreadableTree."""
        return list(self._of_tree(tree, set()))

    def _of_tree(self, tree: str, seen: set[int]) -> Iterator[str]:
        unnamed = unnamed_code_in(tree)
        if unnamed:
            yield unnamed
        for oid in sorted(functions_in(tree)):
            yield from self._of_function(oid, seen)
        yield from self._of_domains(tree, seen)
        for oid in sorted({int(found) for found in _RELATION.findall(tree)}):
            yield from self._of_relation(oid, seen)

    def _of_function(self, oid: int, seen: set[int]) -> Iterator[str]:
        if oid in CONTEXT_CHANGING:
            yield f"it calls built-in function {oid}, which can change the context"
        if oid < FIRST_USER_OID or oid in seen:
            return
        seen.add(oid)
        function = self.access.function(oid)
        if function is None:
            yield f"it calls a function that is not in the inventory (OID {oid})"
            return
        if not self.resolver.preserves_context(function):
            yield f"it calls {function.name}, which may change the context"
        for relation in (*function.referenced_relations, *function.mentioned_relations):
            yield from self._of_relation(relation, seen)

    def _of_domains(self, tree: str, seen: set[int]) -> Iterator[str]:
        functions = {domain.oid: domain.functions for domain in self.access.inventory.domains}
        types = {int(found) for found in _TYPE.findall(tree)} if functions else set[int]()
        if "{TABLEFUNC " in tree or any(oid >= FIRST_USER_OID and oid not in functions for oid in types):
            types = set(functions)  # an array, a row or a range may contain values of any domain
        for oid in sorted(types):
            for function in functions.get(oid, ()):
                yield from self._of_function(function, seen)

    def _of_relation(self, oid: int, seen: set[int]) -> Iterator[str]:
        if oid < FIRST_USER_OID or oid in seen:
            return
        seen.add(oid)
        relation = self.access.relation(oid)
        if relation is None:
            yield f"it reads a relation that is not in the inventory (OID {oid})"
        elif relation.kind is RelationKind.VIEW:
            yield from self._of_view(relation, seen)
        elif relation.rls_enabled:
            for policy in self.access.policies_on(relation):
                if policy.using is not None:
                    yield from self._of_tree(policy.using.tree, seen)

    def _of_view(self, view: Relation, seen: set[int]) -> Iterator[str]:
        if view.changes_settings:
            yield f"it reads {self.access.declared_name(view)}, which may change the context"
        for function in view.referenced_functions:
            yield from self._of_function(function, seen)
        for relation in view.referenced_relations:
            yield from self._of_relation(relation, seen)
