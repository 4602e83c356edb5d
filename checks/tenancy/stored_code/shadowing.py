"""Functions that bear the name of a built-in that policies call: whoever resolves the name may get the wrong one."""

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

_ALWAYS: Final = frozenset({"current_setting", "set_config"})
# https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-SEARCH-PATH
_DEFAULT_PATH: Final = '"$user", public'


def shadowing_flaws(access: EffectiveAccess, function: Function) -> Iterator[Flaw]:
    """What is wrong with a function that bears the name of a built-in: it may be taken for that."""
    if function.extension:
        return
    name = bare_name(function)
    for becomes in access.all_reachable_roles():
        if function.schema in search_path_schemas(search_path(access, becomes), becomes.role.name):
            yield Flaw(
                severity=Severity.HIGH,
                what=f"it has the name of PostgreSQL's own {name}(), which policies call, in a schema on the "
                f"search_path of {becomes}",
                repair=f"DROP FUNCTION {function.name}; or give it a name of its own.",
            )
            return


def builtins_in_policies(access: EffectiveAccess) -> frozenset[str]:
    """The names of PostgreSQL's own functions in policies: those of others are printed with their schema."""
    texts = (part.text for policy in access.inventory.policies for part in (policy.using, policy.check) if part)
    return _ALWAYS.union(name for text in texts for name in re.findall(r'(?<![\w."])([a-z_]\w*)\(', text))


def search_path(access: EffectiveAccess, reachable: ReachableRole) -> str:
    """The search_path that a session of a role starts with, as the catalogues have it."""
    database = access.inventory.server.database_oid
    # From the most particular to the most general, as PostgreSQL applies them.
    for role, within in ((reachable.role.oid, database), (reachable.role.oid, 0), (0, database), (0, 0)):
        for setting in access.inventory.role_settings:
            if (setting.role, setting.database, setting.name) == (role, within, "search_path") and setting.value:
                return setting.value
    return _DEFAULT_PATH
