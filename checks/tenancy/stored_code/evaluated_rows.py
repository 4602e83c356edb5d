"""Functions that a policy hands rows of every tenant, and that show what they are given before the policy decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from checks.tenancy.stored_code.function_bodies import (
    bare_name,
    copies_rows,
    normalized_body,
    notifies,
    reaches_outside,
)
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.code import Function
from isolation.proof import called_functions

# A message with a value in it. Every client chooses by client_min_messages which levels it is sent, down to DEBUG.
_TELLS: Final = re.compile(r"\braise\s+(?:debug|log|info|notice|warning)\b\s*(?:'[^']*'\s*,|using\b)")


def evaluated_by_policies(access: EffectiveAccess) -> Mapping[int, str]:
    """The functions that policies call, also by operators and through other functions, each with one of its tables."""
    functions = {function.oid: function for function in access.inventory.functions}
    named = {bare_name(function): function for function in functions.values()}
    found: dict[int, str] = {}
    pending = [
        (oid, access.declared_name(relation))
        for policy in access.inventory.policies
        if (relation := access.relation(policy.relation)) is not None
        for stored in policy.expressions
        for oid in called_functions(stored)
    ]
    while pending:
        oid, table = pending.pop()
        if oid in functions and oid not in found:
            found[oid] = table
            words = set(re.findall(r"\w+", normalized_body(functions[oid])))
            pending += [(named[word].oid, table) for word in words & named.keys()]
    return found


def showing_flaws(function: Function, table: str) -> Iterator[Flaw]:
    """The flaw of a function that a policy of a table calls with values, and that shows, stores or sends them.

    The planner runs cheaper conditions first, so that no other condition of the policy protects the rows.
    """
    if function.compiled_by or not function.argument_count:
        return
    if _TELLS.search(normalized_body(function)):
        how = "puts them into messages, which every client receives as it likes"
    elif copies_rows(function):
        how = "writes them into a table"
    elif notifies(function):
        how = "sends them to every session that listens"
    elif reaches_outside(function):
        how = "sends them out of the database"
    else:
        return
    yield Flaw(
        severity=Severity.HIGH,
        what=f"a policy of {table} calls it with values of rows, before it is known whose rows they are, and it {how}",
        repair=f"Remove the statement from {function.name}, or its call from the policies of {table}.",
    )
