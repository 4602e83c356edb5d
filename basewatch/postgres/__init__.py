"""Asks PostgreSQL in transactions that never commit."""

from basewatch.postgres.guards import Timeouts
from basewatch.postgres.login import Endpoints
from basewatch.postgres.session import DatabaseClient, Parameters, Statement, TenantSession, connect

__all__ = ["DatabaseClient", "Endpoints", "Timeouts", "Parameters", "Statement", "TenantSession", "connect"]
