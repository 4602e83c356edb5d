"""The box's AWS is small enough to run beside a browser on a small machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Starts the account in a fresh process and prints what the kernel says of it and how many instance types moto read.
# Not getrusage(): its ru_maxrss begins at the size of the process that forked, here a test session.
START = """
from pathlib import Path
from datetime import UTC, datetime
from demo.emulated_aws import Cloud
from demo.load import Load
with Cloud.start(now=datetime.now(UTC), dump=b"PGDMP", load=Load()):
    from moto.ec2.models.instance_types import INSTANCE_TYPES
    print(Path("/proc/self/status").read_text(), len(INSTANCE_TYPES))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's greatest size")
def test_the_account_takes_less_than_350_mb() -> None:
    """A process with the whole account stays under 350 MB, and reads none of EC2's instance types."""
    answer = subprocess.run([sys.executable, "-c", START], capture_output=True, check=True, text=True, timeout=120)
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", answer.stdout, re.MULTILINE)
    assert int(kilobytes) < 350 * 1024
    assert answer.stdout.split()[-1] == "0"
