"""How tests ask an exporter, and a real Prometheus that scrapes it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import urllib3
import yaml

from tests.programs import program

# Ready within ten minutes on the busiest machine: a refused connection and a 503 are retried.
PATIENT = urllib3.PoolManager(
    retries=urllib3.Retry(
        total=1500, status_forcelist=(503,), backoff_factor=0.1, backoff_max=0.4, raise_on_status=False
    )
)


def free_address() -> str:
    """A host and port without a listener."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    """The answer to a GET, once it is not 503."""
    return PATIENT.request("GET", url, headers=headers)


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[str]:
    """The URL of a real Prometheus that scrapes these URLs each second, by the names of their jobs."""
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [url.removeprefix("http://")]}]}
        for name, url in targets.items()
    ]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = free_address()
    command = [program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--web.listen-address={address}"]
    with subprocess.Popen([*command, f"--storage.tsdb.path={folder}/data"], stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://{address}"
        finally:
            process.kill()


def answered(prometheus: str, query: str) -> list[str]:
    """The values of an instant query, repeated until there is one."""
    for _ in range(2400):
        answer = PATIENT.request("GET", f"{prometheus}/api/v1/query", fields={"query": query})
        values = [result["value"][1] for result in answer.json()["data"]["result"]]
        if values:
            return values
        Event().wait(0.25)
    raise AssertionError(f"Prometheus has no answer to {query}")


def labels_of(prometheus: str, query: str) -> list[dict[str, str]]:
    """The labels of what an instant query finds."""
    answer = PATIENT.request("GET", f"{prometheus}/api/v1/query", fields={"query": query})
    return [result["metric"] for result in answer.json()["data"]["result"]]
