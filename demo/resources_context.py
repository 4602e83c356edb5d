"""The ground that the parts of SecureBase's account are built on: names, age and clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# The names begin with platform and environment, as the platform's own deployment wrote them.
PREFIX = "securebase-production"
# How long the platform has been running: longer than any backup window.
PLATFORM_AGE = timedelta(days=420)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """Where the parts are built: `client` gives a boto3 client of a service, `now` is what dates are counted from."""

    client: Callable[[str], Any]
    now: datetime
    dump: bytes

    @property
    def built_at(self) -> datetime:
        """When the platform was built."""
        return self.now - PLATFORM_AGE
