"""Who asks CloudWatch, where, and how patiently."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class MetricSource(Protocol):
    """One account and region whose CloudWatch is asked as one principal; `basewatch.aws.AwsSession` is one."""

    account_id: str
    region: str

    @property
    def principal(self) -> str:
        """The ARN as which CloudWatch is asked. Raises: CouldNotLook."""
        ...

    @property
    def trusted(self) -> str | None:
        """The certificates to trust, as a file's path; None is botocore's own."""
        ...

    def credentials(self) -> Any:
        """Keys and token for botocore's signer, fit for use now. Raises: CouldNotLook."""
        ...

    def endpoint(self, service: str) -> str:
        """The URL at which boto3's `service` is asked. Raises: CouldNotLook."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a call is tried; the clock is in here so that a test need not wait."""

    attempts: int = 5
    connect_seconds: float = 5
    read_seconds: float = 15
    total_seconds: float = 120
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def wait(self, failures: int) -> None:
        """Pause before the next attempt: up to 0.5 s after the first failure, twice that after each more, 20 s at most.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html: exponential, with full jitter.
        """
        self.pause(self.chance() * min(20.0, 0.5 * 2 ** (failures - 1)))
