"""SecureBase in a box: the database, the cloud and the load, started together and stopped together."""

from __future__ import annotations

from dataclasses import dataclass

from demo.cloud import Cloud
from demo.database import BoxDatabase
from demo.load import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A running SecureBase: faults break it, and the environment points Basewatch at it."""

    database: BoxDatabase
    cloud: Cloud
    load: Load
