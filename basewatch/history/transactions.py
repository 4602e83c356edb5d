"""Runs queries against a history's database: each sees one state, and each change is made as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine

from basewatch.errors import HistoryError
from basewatch.history.engine import (
    file_identity,
    lost_session,
    open_engine,
    open_memory_engine,
    read_transaction,
    redacted_url,
    write_transaction,
)
from basewatch.history.rotten import UNREADABLE, RottenRowsError, reason_of, set_aside
from basewatch.history.schema import migrate
from basewatch.history.tables import metadata
from basewatch.history.values import HistoryStatus

T = TypeVar("T")
Transaction: TypeAlias = Callable[[Engine], AbstractContextManager[Connection]]
MAX_ROUNDS = 20
"""How often a query is repeated because it needs rows that cannot be read; each time, those are set aside."""


class Transactions(Protocol):
    """Where the queries of a `basewatch.history.store.History` run. Thread-safe."""

    @property
    def url(self) -> str:
        """The URL of the database, without its password."""
        ...

    @property
    def status(self) -> HistoryStatus:
        """Whether the configured history is used."""
        ...

    def read(self, query: Callable[[Connection], T]) -> T:
        """The result of `query`, which sees one state of the database. Raises: HistoryError."""
        ...

    def write(self, change: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """The result of `change`, which alone writes to the database now. Raises: HistoryError; nothing is written.

        What is not `lasting` may be lost with the machine, or where the SQLite file alone is copied.
        """
        ...

    def note_run(self, problem: str) -> None:
        """Notes why the newest run can be recorded nowhere, not even in memory; nothing if it is recorded."""
        ...

    def close(self) -> None:
        """Closes every connection."""
        ...


class DatabaseTransactions:
    """The transactions of one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._set_aside = list[str]()
        self._file: tuple[int, int] | None = None

    @classmethod
    def open(cls, url: str) -> DatabaseTransactions:
        """The database at `url`, created if it does not exist, migrated to the current schema. Raises: HistoryError."""
        engine = open_engine(url)
        try:
            migrate(engine)
        except HistoryError:
            engine.dispose()
            raise
        transactions = cls(engine)
        transactions._file = file_identity(engine)
        return transactions

    @classmethod
    def in_memory(cls) -> DatabaseTransactions:
        """An empty database in memory, with the current schema."""
        transactions = cls(open_memory_engine())
        transactions.write(metadata.create_all)
        return transactions

    @property
    def url(self) -> str:
        """The URL of the database, without its password."""
        return redacted_url(self.engine)

    @property
    def status(self) -> HistoryStatus:
        """It is used, or raises; and every row that was set aside since it was opened."""
        return HistoryStatus(set_aside=tuple(self._set_aside))

    def read(self, query: Callable[[Connection], T]) -> T:
        """The result of `query`. Raises: HistoryError. Rows in its way that cannot be read are set aside."""
        return self._run(read_transaction, query)

    def write(self, change: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """The result of `change`. Raises: HistoryError. Rows in its way that cannot be read are set aside."""
        return self._run(partial(write_transaction, lasting=lasting), change)

    def note_run(self, problem: str) -> None:
        """Of no use here: a run that is not recorded raises."""

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def _run(self, transaction: Transaction, work: Callable[[Connection], T]) -> T:
        # An open connection goes on with a file that was removed or replaced, and what it writes is lost.
        if self._file and file_identity(self.engine) != self._file:
            raise HistoryError(f"the history {self.url} was replaced while it was used; it is opened again")
        repeated = False
        for _ in range(MAX_ROUNDS):
            try:
                with transaction(self.engine) as connection:
                    return work(connection)
            except RottenRowsError as found:
                with write_transaction(self.engine) as connection:
                    set_aside(connection, found.rows)
                self._set_aside += map(str, found.rows)
            except HistoryError as error:
                if repeated or not lost_session(error):
                    raise
                # Nothing was committed, or it was and `work` finds it.
                repeated = True
            except UNREADABLE as error:
                raise HistoryError(
                    f"the history {self.url} holds a value that cannot be read ({reason_of(error)}); "
                    "`basewatch verify` says which run was changed"
                ) from error
        raise HistoryError(f"the history {self.url} has too many rows that cannot be read; move it away and keep it")
