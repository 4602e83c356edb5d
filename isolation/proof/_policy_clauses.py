"""What a gate asks of which server: the expressions, their digest, and whether anything can be said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import FIRST_USER_OID, builtin_mismatches
from isolation.inventory.relations import Policy
from isolation.inventory.relations import StoredExpression as Stored
from isolation.proof._kernel import PolicyClause
from isolation.proof._nodes import UnreadableTree
from isolation.proof._translation import functions_in

_OLDEST, _NEWEST = 14, 18


def unsupported_reason(access: EffectiveAccess) -> str:
    """Why nothing can be proven of a server: its version, or built-ins that are not as they should be; or empty."""
    major = access.inventory.server.version_num // 10000
    if not _OLDEST <= major <= _NEWEST:
        return f"PostgreSQL {major} stores expressions in a form that is not known; {_OLDEST} to {_NEWEST} are"
    wrong = builtin_mismatches(access.inventory.builtins)
    return f"the catalogue says something else than it should of {', '.join(wrong[:3])}" if wrong else ""


def depends_on_role(tree: str) -> bool:
    """Whether what an expression comes to may depend on who asks: by a sub-select, a function or CURRENT_USER."""
    try:
        own = any(oid >= FIRST_USER_OID for oid in functions_in(tree))
    except UnreadableTree:
        return True
    return own or "{SUBLINK" in tree or "{SQLVALUEFUNCTION" in tree


def clause_expression(policy: Policy, *, new_row: bool) -> Stored | None:
    """The expression a gate asks: WITH CHECK or else USING; without either, the policy lets nothing through."""
    if new_row and policy.check is not None:
        return policy.check
    return policy.using


def clauses_digest(clauses: Iterable[PolicyClause]) -> str:
    """The digest of what a gate asks, in any order."""
    each = sorted(
        f"{'permissive' if policy.permissive else 'restrictive'} {stored.digest}" for policy, stored in clauses
    )
    return f"sha256:{hashlib.sha256(chr(10).join(each).encode()).hexdigest()}"
