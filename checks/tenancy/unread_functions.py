"""The entries that say what helpers return that a policy calls and the proof cannot read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.tenancy.flaws import Approvable
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.code import Function
from isolation.inventory.relations import Policy
from isolation.proof import called_functions


def function_offers(access: EffectiveAccess, policies: Iterable[Policy]) -> str:
    """The entries that say what unread helpers return, each with its condition; empty if the policies call none."""
    oids = sorted({oid for policy in policies for stored in policy.expressions for oid in called_functions(stored)})
    found = [function for oid in oids if (function := access.function(oid)) is not None]
    return "".join(_offers(access, found))


def _offers(access: EffectiveAccess, functions: Iterable[Function]) -> Iterator[str]:
    tenancy = access.tenancy
    whose = "user" if tenancy.members is not None else "tenant"
    for function in functions:
        said = any(each.returns_tenant and each.name == function.name for each in tenancy.approved_objects)
        if function.argument_count or function.kind != "f" or function.extension or said:
            continue
        entry = str(Approvable.of(access, "function", function.name, function.digest))
        what = f"the tenants of the current {whose}" if function.returns_set else f"the current {whose}"
        yield (
            f"If {function.name} returns {what} and nothing else, by what you have read in it, declare that in "
            f"tenancy.approved_objects: {entry.replace(', owner: ', ', returns_tenant: true, owner: ', 1)} "
        )
