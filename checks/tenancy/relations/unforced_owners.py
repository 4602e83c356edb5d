"""Owners that never force row security on their tables: one finding for each, and not one for each table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from basewatch.model import Severity, Verdict
from checks.tenancy.flaws import Flaw, flaw_verdict, with_owner_rights
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Relation

_A_HABIT = 2
_SHOWN = 5


def never_forcing_owners(access: EffectiveAccess) -> Mapping[int, tuple[Relation, ...]]:
    """The tables of each owner that forces row security on none of them, and that no principal can become."""
    owned = defaultdict[int, list[Relation]](list)
    for relation in access.tenant_tables():
        if relation.rls_enabled and access.accessible_by(relation):
            owned[relation.owner].append(relation)
    return {
        owner: tuple(tables)
        for owner, tables in owned.items()
        if len(tables) >= _A_HABIT
        and not any(table.rls_forced for table in tables)
        and not with_owner_rights(access, owner)
    }


def unforced_owner_findings(access: EffectiveAccess, owners: Mapping[int, tuple[Relation, ...]]) -> Iterator[Verdict]:
    """The finding of each such owner that the manifest does not accept."""
    for oid, tables in owners.items():
        role = access.role(oid)
        if role is None or role.name in access.tenancy.unforced_owners:
            continue
        names = [access.declared_name(table) for table in tables]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        statements = " ".join(f"ALTER TABLE {access.sql_name(table)} FORCE ROW LEVEL SECURITY;" for table in tables)
        flaw = Flaw(
            severity=Severity.MEDIUM,
            what=f"row security is not forced on {', '.join(names[:_SHOWN])}{more}, so that policies do not bind "
            f"{role.name}, nor its views and functions",
            repair=f"{statements} Only if {role.name} must see all rows, and no principal ever becomes it, declare "
            f"tenancy.unforced_owners: {{{json.dumps(role.name, ensure_ascii=False)}: <the reason>}}.",
        )
        yield flaw_verdict(
            f"owner {role.name}",
            f"{role.name} does not force row security on any of its {len(tables)} tenant tables",
            [flaw],
            expected="FORCE ROW LEVEL SECURITY on every tenant table",
        )
