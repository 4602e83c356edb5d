"""A pass over the demo's account as a process, and a scanner's over the same services of the same account."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from basewatch.aws import AwsClient
from benchmarks.account.memory import peak_bytes
from checks import CHECKS
from demo.emulated_aws import EmulatedAws
from demo.load import Load
from demo.moto_operations import form_body, identify

_ROOT = Path(__file__).parents[2]
_SAMPLED_EVERY_SECONDS = 0.05
_DUMP = b"PGDMP" + bytes(range(256)) * 64
# What Prowler calls the services, by the prefix of their actions in IAM.
_PROWLER = {
    "access-analyzer": "accessanalyzer",
    "apigateway": "apigateway",
    "backup": "backup",
    "cloudtrail": "cloudtrail",
    "cloudwatch": "cloudwatch",
    "config": "config",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "events": "eventbridge",
    "guardduty": "guardduty",
    "iam": "iam",
    "kms": "kms",
    "lambda": "awslambda",
    "logs": "cloudwatch",
    "rds": "rds",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "securityhub": "securityhub",
    "sns": "sns",
    "sqs": "sqs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One process over the account: its requests but the sign-in, the repeated ones, time, memory, and size on disk."""

    who: str
    requests: int
    repeated: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    installed_bytes: int


def scans(peer: str) -> Iterator[Scan]:
    """Ours, then the peer's if there is one: the path of a `prowler` program."""
    with (
        EmulatedAws.start(now=datetime.now(UTC), dump=_DUMP, load=Load()) as cloud,
        tempfile.TemporaryDirectory() as at,
    ):
        counted = _Counted(cloud)
        environ = {**os.environ, **cloud.environment}
        config = Path(at) / "config.yaml"
        config.write_text(yaml.safe_dump(_aws_part(yaml.safe_load((_ROOT / "config.yaml").read_text()))))
        ours = [sys.executable, "-m", "workflows", "check", "--config", str(config)]
        yield counted.scan("basewatch", ours, environ, _size(Path(sys.prefix)))
        if peer:
            command = [peer, "aws", "--services", *services(), "--region", "us-east-1", "--no-banner"]
            command += ["--ignore-exit-code-3", "--output-formats", "json-ocsf", "--output-directory", at]
            yield counted.scan("peer", command, environ, _size(Path(peer).resolve().parent.parent))


def services() -> Sequence[str]:
    """The services that the checks of AWS ask, as Prowler calls them."""
    asked = {need.partition(":")[0] for check in CHECKS if check.client_type is AwsClient for need in check.needs}
    return sorted({_PROWLER[service] for service in asked if service in _PROWLER})


def _aws_part(tree: dict[str, Any]) -> dict[str, Any]:
    """The configuration of what is in AWS alone, without objectives and alerts."""
    kept = {"aurora_clusters", "functions", "apis", "tables", "queues", "event_rules", "backup_vaults", "audit_buckets"}
    components = {name: each for name, each in tree["components"].items() if name in kept}
    return {"version": 1, "platform": tree["platform"], "aws": tree["aws"], "components": components}


class _Counted:
    """The account, whose requests are counted on their way."""

    def __init__(self, cloud: EmulatedAws) -> None:
        self._requests = Counter[str]()
        self._lock = Lock()
        self._app: Callable[..., Iterable[bytes]] = cloud.server.app
        cloud.server.app = self

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Count a request by what it asks, and hand it on."""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        operation = identify(environ, form_body(environ))
        asked = f"{operation} {environ.get('PATH_INFO')}?{environ.get('QUERY_STRING')} {body!r}"
        # Who asks is asked before and after a role is assumed.
        if not asked.startswith("sts:"):
            with self._lock:
                self._requests[asked] += 1
        return self._app(environ, start_response)

    def scan(self, who: str, command: Sequence[str], environ: Mapping[str, str], installed: int) -> Scan:
        """Run one process and measure it."""
        self._requests.clear()
        peak = 0
        began = time.perf_counter()
        process = subprocess.Popen(command, env=dict(environ), cwd=_ROOT, stdout=subprocess.DEVNULL)  # noqa: S603  # named by whoever measures
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        while not ended:
            peak = max(peak, peak_bytes(process.pid))
            time.sleep(_SAMPLED_EVERY_SECONDS)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Scan(
            who=who,
            requests=self._requests.total(),
            repeated=self._requests.total() - len(self._requests),
            wall_seconds=time.perf_counter() - began,
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_bytes=peak,
            installed_bytes=installed,
        )


def _size(folder: Path) -> int:
    """The bytes of the files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
