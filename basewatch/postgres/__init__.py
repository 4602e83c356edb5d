"""Asks PostgreSQL in transactions that never commit."""

from basewatch.postgres.guards import Limits
from basewatch.postgres.login import Endpoints
from basewatch.postgres.session import Database, Parameters, Statement, TenantSession, connect

__all__ = ["Database", "Endpoints", "Limits", "Parameters", "Statement", "TenantSession", "connect"]
