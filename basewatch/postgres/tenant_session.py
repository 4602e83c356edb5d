"""A session for probes as one tenant-bound role."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from basewatch.postgres.errors import translate_errors
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import Timeouts, rolled_back_transaction, set_local, set_role
from basewatch.postgres.write_probe import WriteProbe
from basewatch.tenancy import Tenancy


class TenantSession:
    """A session for transactions as one tenant-bound role.

    `own_login` says that the role itself logged in. Otherwise Basewatch uses SET ROLE, and defaults of the role (ALTER
    ROLE ... SET) do not apply.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        tenancy: Tenancy,
        role: str,
        timeouts: Timeouts,
        locked_tables: dict[ProbedRelation, str],
        *,
        own_login: bool,
    ) -> None:
        self._connection = connection
        self._tenancy = tenancy
        self._role = role
        self._timeouts = timeouts
        self._locked_tables = locked_tables
        self.own_login = own_login

    @contextmanager
    def probe(self) -> Generator[TenantProbe, None, None]:
        """One READ ONLY transaction as the role. Raises: ObservationError, naming a missing grant; NotFoundError."""
        with self._transaction(writes=False) as connection:
            yield TenantProbe(connection, self._tenancy, self._locked_tables)

    @contextmanager
    def write_probe(self) -> Generator[WriteProbe, None, None]:
        """One transaction as the role for write attempts. Raises: ObservationError; NotFoundError."""
        with self._transaction(writes=True) as connection:
            yield WriteProbe(connection, self._tenancy, self._locked_tables)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[psycopg.Connection, None, None]:
        with (
            translate_errors(f"probing as {self._role}"),
            rolled_back_transaction(self._connection, self._timeouts, writes=writes) as connection,
        ):
            if not self.own_login:
                set_role(connection, self._role)
            if writes:
                # Rows to write are found by an index wherever there is one.
                set_local(connection, {"enable_seqscan": "off"})
            yield connection
