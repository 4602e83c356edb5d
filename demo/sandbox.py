"""A sandbox of SecureBase: the database, the emulated AWS, the load and the API, started and stopped together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo.api_server import SandboxApi
from demo.database import SandboxDatabase, start_database
from demo.emulated_aws import EmulatedAws
from demo.load import Load
from demo.restores import DrillJob, sound_drill


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running SecureBase; faults change it, and its environment variables point Basewatch at it."""

    database: SandboxDatabase
    aws: EmulatedAws
    load: Load
    api: SandboxApi
    drills: DrillJob

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that make Basewatch watch this sandbox instead of production."""
        return {
            **self.aws.environment,
            **self.api.environment,
            "BASEWATCH_DATABASE_URL": self.database.url,
            "BASEWATCH_APP_URL": self.database.app_url,
            # The sandbox has no RDS Proxy, so the URL through the proxy is the direct one.
            "BASEWATCH_APP_PROXY_URL": self.database.app_url,
            "BASEWATCH_ANALYTICS_URL": self.database.analytics_url,
        }


@contextmanager
def start_sandbox(directory: Path, *, now: datetime) -> Iterator[Sandbox]:
    """A running sandbox as of `now`, with its files below `directory`; the end of the context removes everything.

    Raises: PostgresUnavailable, when no PostgreSQL server can be started.
    """
    with ExitStack() as stack:
        database = stack.enter_context(start_database(directory, now=now))
        load = Load()
        aws = EmulatedAws.start(now=now, dump=database.dump(), load=load)
        stack.callback(aws.close)
        api = SandboxApi(directory, database.app_url, now=now)
        stack.callback(api.close)
        yield Sandbox(database=database, aws=aws, load=load, api=api, drills=DrillJob(sound_drill(now)))
