"""The box's AWS account for tests: one for the whole session, as starting it takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

import botocore.session
import pytest
from botocore.loaders import create_loader
from moto.core.serialize import TimestampSerializer

from demo.emulated_aws import EmulatedAws
from demo.load import Load

# What a pg_dump archive in custom format begins with; enough where no test restores it.
DUMP = b"PGDMP" + bytes(range(256)) * 64


class RememberedLoad(Load):
    """A load that computes each value once: a pass reads 60,000 of them, and the next pass nearly all of them again."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[object, float | None] = {}

    def value(
        self,
        namespace: str,
        metric: str,
        dimensions: Iterable[tuple[str, str]],
        statistic: str,
        *,
        period: timedelta,
        at: datetime,
    ) -> float | None:
        """The value of the load, computed once while no disturbance starts or ends."""
        values, key = self._values, (namespace, metric, tuple(dimensions), statistic, period, at)
        if key not in values:
            values[key] = super().value(namespace, metric, key[2], statistic, period=period, at=at)
        return values[key]

    def start_disturbance(self, name: str, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Start a disturbance: every value may change."""
        super().start_disturbance(name, start=start, end=end)
        self._values = {}

    def stop_disturbance(self, name: str) -> None:
        """End a disturbance: every value may change."""
        super().stop_disturbance(name)
        self._values = {}


@pytest.fixture(scope="session")
def box_load() -> Load:
    """The load that the account's CloudWatch answers with, undisturbed; a test that disturbs it calms it."""
    return RememberedLoad()


@pytest.fixture(scope="session")
def box_cloud(box_load: Load) -> Iterator[EmulatedAws]:
    """SecureBase's account with every promise kept; a test that breaks something repairs it."""
    # moto formats the timestamp of each datapoint by itself, though all series have the same ones; and each session of
    # botocore would read the models of AWS' services again, which are megabytes.
    formatted: Callable[..., object] = lru_cache(maxsize=100_000)(TimestampSerializer._convert_timestamp_to_str)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TimestampSerializer, "_convert_timestamp_to_str", formatted)
        patch.setattr(botocore.session, "create_loader", cache(create_loader))
        cloud = EmulatedAws.start(now=datetime.now(UTC), dump=DUMP, load=box_load)
        yield cloud
        cloud.close()
