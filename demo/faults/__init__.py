"""The faults that the demo can inject into the sandbox."""

from __future__ import annotations

from demo.faults.aws import AWS_FAULTS
from demo.faults.database import DATABASE_FAULTS
from demo.faults.endpoint import ENDPOINT_FAULTS
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.isolation import ISOLATION_FAULTS
from demo.faults.load import LOAD_FAULTS
from demo.faults.restores import RESTORE_FAULTS

FAULTS: tuple[Fault, ...] = (
    *DATABASE_FAULTS,
    *ISOLATION_FAULTS,
    *AWS_FAULTS,
    *RESTORE_FAULTS,
    *LOAD_FAULTS,
    *ENDPOINT_FAULTS,
)

__all__ = ["FAULTS", "ExpectedFinding", "Fault"]
