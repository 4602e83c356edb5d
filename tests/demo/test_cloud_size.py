"""The box's AWS is small enough to run beside a browser on a small machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Starts the account in a fresh process and prints its greatest size in MB and how many instance types moto read.
START = """
import resource
from datetime import UTC, datetime
from demo.cloud import Cloud
from demo.load import Load
with Cloud.start(now=datetime.now(UTC), dump=b"PGDMP", load=Load()):
    from moto.ec2.models.instance_types import INSTANCE_TYPES
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(size // (1 << 20 if __import__("sys").platform == "darwin" else 1 << 10), len(INSTANCE_TYPES))
"""


@pytest.mark.slow
def test_the_account_takes_less_than_350_mb() -> None:
    """A process with the whole account stays under 350 MB, and reads none of EC2's instance types."""
    answer = subprocess.run([sys.executable, "-c", START], capture_output=True, check=True, text=True, timeout=120)
    megabytes, instance_types = map(int, answer.stdout.split())
    assert megabytes < 350
    assert instance_types == 0
