"""Causes that many checks have in common: a resource that cannot serve, and what a component depends on."""

from __future__ import annotations

from basewatch.check import FollowsFrom
from basewatch.components import Relation
from basewatch.model import Reason, Status

_NO_DATA = (Reason.NOT_ENOUGH_DATA, Reason.STALE)

DEPENDENCIES = (
    FollowsFrom(check="inventory.*", of=Relation.DEPENDENCY),
    FollowsFrom(check="service.*", of=Relation.DEPENDENCY),
)
"""What `depends_on` declares: a component serves badly while something that it needs is gone or serves badly."""


def no_data_because_of(check: str, *, of: Relation = Relation.ITSELF) -> FollowsFrom:
    """A finding that has too little data, because a check of this glob fails; a denied request has other causes."""
    return FollowsFrom(check=check, of=of, status=Status.UNVERIFIED, reasons=_NO_DATA)
