"""The emulated AWS uses little memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Starts the account in a new process, and prints the kernel's status of it and the number of loaded instance types.
# It does not use getrusage(), whose ru_maxrss starts at the size of the parent process.
START = """
from pathlib import Path
from datetime import UTC, datetime
from demo.emulated_aws import EmulatedAws
from demo.load import Load
with EmulatedAws.start(now=datetime.now(UTC), dump=b"PGDMP", load=Load()):
    from moto.ec2.models.instance_types import INSTANCE_TYPES
    print(Path("/proc/self/status").read_text(), len(INSTANCE_TYPES))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux reports the peak memory of a process here"
)
def test_the_account_takes_less_than_350_mb() -> None:
    """A process with the account uses less than 350 MB, and loads none of EC2's instance types."""
    answer = subprocess.run([sys.executable, "-c", START], capture_output=True, check=True, text=True, timeout=120)
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", answer.stdout, re.MULTILINE)
    assert int(kilobytes) < 350 * 1024
    assert answer.stdout.split()[-1] == "0"
