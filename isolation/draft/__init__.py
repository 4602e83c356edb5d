"""Drafts the tenancy section of a configuration from a database's catalogue, for review by a person."""

from isolation.draft._catalog import read_catalog
from isolation.draft._manifest import DerivedKey, Proposal
from isolation.draft._proposal import propose

__all__ = ["DerivedKey", "Proposal", "propose", "read_catalog"]
