"""PostgreSQL access for observations, in transactions that are always rolled back."""

from basewatch.postgres.login import Endpoints
from basewatch.postgres.rows import Row
from basewatch.postgres.session import DatabaseClient, Parameters, Statement, connect
from basewatch.postgres.tenant_session import TenantSession
from basewatch.postgres.transaction import Timeouts

__all__ = ["DatabaseClient", "Endpoints", "Parameters", "Row", "Statement", "TenantSession", "Timeouts", "connect"]
