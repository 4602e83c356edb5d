"""Functions that shadow a built-in function that policies call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from checks.tenancy.stored_code.function_bodies import bare_name
from checks.tenancy.stored_code.security_definer import search_path_schemas
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.code import Function
from isolation.proof import rewrite

_ALWAYS: Final = frozenset({"current_setting", "set_config"})
# https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-SEARCH-PATH
_DEFAULT_PATH: Final = '"$user", public'


def shadowing_flaws(access: EffectiveAccess, function: Function) -> Iterator[Flaw]:
    """The flaw of a function with the name of a built-in: it may be called in its place."""
    if function.extension:
        return
    name = bare_name(function)
    for reachable in access.all_reachable_roles():
        if function.schema in search_path_schemas(search_path(access, reachable), reachable.role.name):
            yield Flaw(
                severity=Severity.HIGH,
                what=f"it has the name of the built-in function {name}(), which policies call, in a schema on the "
                f"search_path of {reachable}",
                repair=f"{_rewritten(access, function)}DROP FUNCTION {function.name}; Or rename it.",
            )
            return


def _rewritten(access: EffectiveAccess, function: Function) -> str:
    """The statements after which no policy calls a function, so that it can be dropped."""
    using = (policy for policy in access.inventory.policies if function.oid in policy.functions)
    each = (rewrite(access, found, policy) for policy in using if (found := access.relation(policy.relation)))
    return "".join(f"{text} " for text in each if text)


def builtins_in_policies(access: EffectiveAccess) -> frozenset[str]:
    """The names of built-in functions in policies: all other functions are printed with their schema."""
    texts = (part.text for policy in access.inventory.policies for part in (policy.using, policy.check) if part)
    return _ALWAYS.union(name for text in texts for name in re.findall(r'(?<![\w."])([a-z_]\w*)\(', text))


def search_path(access: EffectiveAccess, reachable: ReachableRole) -> str:
    """The search_path of new sessions of a role, by the catalogues."""
    database = access.inventory.server.database_oid
    # From the most specific to the most general, in the precedence of PostgreSQL.
    for role, within in ((reachable.role.oid, database), (reachable.role.oid, 0), (0, database), (0, 0)):
        for setting in access.inventory.role_settings:
            if (setting.role, setting.database, setting.name) == (role, within, "search_path") and setting.value:
                return setting.value
    return _DEFAULT_PATH
