"""Asks PostgreSQL in transactions that never commit."""

from basewatch.postgres.login import Endpoints
from basewatch.postgres.session import DatabaseClient, Parameters, Statement, TenantSession, connect
from basewatch.postgres.transaction import Timeouts

__all__ = ["DatabaseClient", "Endpoints", "Parameters", "Statement", "TenantSession", "Timeouts", "connect"]
