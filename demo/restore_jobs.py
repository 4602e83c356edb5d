"""The restore tests of the cluster as AWS Backup lists them; moto knows none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION

OPERATION = "backup:ListRestoreJobsByProtectedResource"
_AGO = timedelta(days=5)


def restore_jobs(*, took: timedelta = timedelta(minutes=40), **fields: Any) -> Callable[..., Mapping[str, Any]]:
    """The answer with one restore test, five days ago, that took so long and has these fields."""
    began = datetime.now(UTC) - _AGO
    job = {
        "AccountId": ACCOUNT,
        "RestoreJobId": "5F2A9C6E-restore-test",
        "ResourceType": "Aurora",
        "SourceResourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{PREFIX}",
        "Status": "COMPLETED",
        "CreationDate": began,
        "CompletionDate": began + took,
        "ValidationStatus": "SUCCESSFUL",
        **fields,
    }
    return lambda _parameters: {"RestoreJobs": [job]}
