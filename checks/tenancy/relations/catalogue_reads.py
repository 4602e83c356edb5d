"""System catalogues that a view or rule reads with its owner's rights, and that its readers may not read themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from basewatch.model import Severity
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.egress import CatalogueRead

# Sampled values of tables, large objects, TOAST data, statements of sessions, and passwords.
_VALUES: Final = re.compile(
    r"pg_catalog\.(?:pg_stat|pg_largeobject|pg_authid|pg_shadow|pg_user_mapping|pg_subscription)|pg_toast\."
)


def catalogue_severity(read: CatalogueRead) -> Severity:
    """How severe it is to show this relation: critical where it has values of tables, sessions or passwords."""
    return Severity.CRITICAL if _VALUES.match(read.relation) else Severity.HIGH


def lends(access: EffectiveAccess, read: CatalogueRead, owner: int, readers: Iterable[int]) -> bool:
    """Whether an owner may read a system relation, and one of the readers may not."""
    role = access.role(owner)
    may_read = role is None or not access.inherited_roles(owner).isdisjoint(read.readers)
    return may_read and any(access.inherited_roles(reader).isdisjoint(read.readers) for reader in readers)
