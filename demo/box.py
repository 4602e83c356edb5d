"""SecureBase in a box: the database, the cloud and the load, started together and stopped together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo.database import SandboxDatabase, start_database
from demo.emulated_aws import EmulatedAws
from demo.load import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running SecureBase: faults break it, and the environment points Basewatch at it."""

    database: SandboxDatabase
    aws: EmulatedAws
    load: Load

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs in its environment to watch this box in place of production."""
        return {
            **self.aws.environment,
            "BASEWATCH_DATABASE_URL": self.database.url,
            "BASEWATCH_APP_URL": self.database.app_url,
            # The box has no pooler, so what production reaches through its proxy is reached directly here.
            "BASEWATCH_APP_PROXY_URL": self.database.app_url,
            "BASEWATCH_ANALYTICS_URL": self.database.analytics_url,
        }


@contextmanager
def start_sandbox(directory: Path, *, now: datetime) -> Iterator[Sandbox]:
    """A running box as of `now`, whose files lie below `directory`; nothing of it is left when the context ends.

    Raises: PostgresUnavailable, when there is no PostgreSQL to start.
    """
    with ExitStack() as stack:
        database = stack.enter_context(start_database(directory, now=now))
        load = Load()
        cloud = EmulatedAws.start(now=now, dump=database.dump(), load=load)
        stack.callback(cloud.close)
        yield Sandbox(database=database, aws=cloud, load=load)
