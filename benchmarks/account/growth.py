"""A pass over accounts of growing size: time and memory for each resource must not grow with their number.

AWS is answered in the process of the measurement, in the shapes of botocore's models and after it has serialized each
request, so that what is measured is Basewatch and boto3 without a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

from botocore.validate import ParamValidator

from basewatch.aws import AwsClient, AwsSession, SharedAnswers
from basewatch.aws.identity import botocore_session
from basewatch.aws.turns import Turns
from basewatch.clients import K
from basewatch.components import Component, Function, Table
from basewatch.model import Status
from benchmarks.account.memory import peak_bytes
from checks import CHECKS
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks

SIZES = (100, 1_000, 10_000)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_ROLE = f"arn:aws:sts::{_ACCOUNT}:assumed-role/reader/basewatch"
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_EC2_METADATA_DISABLED": "true"}
_DEADLINES = Deadlines(per_observation=timedelta(seconds=30), total=timedelta(hours=1), concurrency=8)
_KINDS = (Function, Table)
_CHECKS = ("inventory.function.active", "inventory.table.active", "backup.dynamodb.pitr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """One pass: resources, requests that were sent, verdicts by status, wall and CPU seconds, and peak memory."""

    resources: int
    requests: int
    passed: int
    verdicts: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measurements() -> Iterator[Growth]:
    """A pass over each size, each in a process of its own, so that peak memory is its own."""
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.account.growth", str(size)]
        said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])  # noqa: S603  # ours
        yield Growth(**json.loads(said.stdout))


def one_pass(size: int) -> Growth:
    """A pass over `size` functions and tables, half of each."""
    account = _Account()
    tables = [Table(name=f"table-{number}", pitr=timedelta(days=35)) for number in range(size // 2)]
    functions = [Function(name=f"function-{number}") for number in range(size - size // 2)]
    checks = [check for check in CHECKS if check.id in _CHECKS]
    plan = plan_checks(checks, (*functions, *tables), {})
    began, cpu = time.perf_counter(), time.process_time()
    # By a clock that runs a second for each request nobody waits: AWS's own rates are no cost of Basewatch.
    answers = SharedAnswers(turns=Turns(count().__next__))
    results = run_checks(plan, _Clients(account.session, answers), _DEADLINES, _NOW, lambda: _NOW)
    return Growth(
        resources=size,
        requests=account.requests,
        passed=sum(finding.status is Status.PASS for finding in results.findings),
        verdicts=len(results.findings),
        wall_seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu,
        peak_bytes=peak_bytes("self"),
    )


class _Account:
    """An account in which every resource exists and keeps its promises."""

    def __init__(self) -> None:
        self.requests = 0
        self._valid = set[str]()
        core = botocore_session(_KEYS)
        core.register("before-call", self._answer)
        self.session = AwsSession.open(_ACCOUNT, _REGION, "reader", environ=_KEYS, session=core)

    def _answer(self, model: Any, params: Mapping[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        fields = _FIELDS[model.name]
        if model.name not in self._valid:
            report = ParamValidator().validate(fields, model.output_shape)
            if report.has_errors():
                raise ValueError(f"AWS answers {model.name} otherwise: {report.generate_report()}")
            self._valid.add(model.name)
        self.requests += model.service_model.service_name != "sts"
        metadata = {"HTTPStatusCode": 200, "RequestId": f"r-{self.requests}", "HTTPHeaders": {}}
        return _Http(status_code=200), {**fields, "ResponseMetadata": metadata}


@dataclass(frozen=True, slots=True)
class _Http:
    """The part of a response that botocore looks at after parsing."""

    status_code: int


@dataclass(frozen=True, slots=True)
class _Clients:
    """Opens the clients of a pass."""

    session: AwsSession
    answers: SharedAnswers

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of the account."""
        del client_type, component
        client: AwsClient = self.session.open_client(answers=self.answers)
        return cast("AbstractContextManager[K]", nullcontext(client))


_RECOVERY = {
    "PointInTimeRecoveryStatus": "ENABLED",
    "RecoveryPeriodInDays": 35,
    "EarliestRestorableDateTime": _NOW - timedelta(days=35),
    "LatestRestorableDateTime": _NOW - timedelta(minutes=5),
}
_FIELDS: Mapping[str, dict[str, Any]] = {
    "GetCallerIdentity": {"Arn": _ROLE, "Account": _ACCOUNT, "UserId": "AIDA"},
    "GetFunctionConfiguration": {"FunctionName": "f", "State": "Active", "LastUpdateStatus": "Successful"},
    "GetFunctionConcurrency": {},
    "ListEventSourceMappings": {"EventSourceMappings": []},
    "DescribeTable": {
        "Table": {
            "TableName": "table",
            "TableStatus": "ACTIVE",
            "TableId": "12345678-1234-1234-1234-123456789012",
            "CreationDateTime": _NOW - timedelta(days=400),
        }
    },
    "DescribeContinuousBackups": {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": _RECOVERY,
        }
    },
}


if __name__ == "__main__":
    print(json.dumps(asdict(one_pass(int(sys.argv[1])))))
