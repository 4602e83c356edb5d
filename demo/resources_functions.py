"""The Lambda functions, and the log group of each."""

from __future__ import annotations

import io
import zipfile

from demo.account import PREFIX, BuildContext

# Name, memory in MB and timeout in seconds, within the platform's bounds of 256 to 512 MB and 30 to 300 s.
FUNCTIONS = (
    ("auth-v2", 256, 30),
    ("billing-worker", 512, 300),
    ("metrics-aggregation", 512, 120),
)


def create(context: BuildContext, *, role: str) -> None:
    """Create three functions in Python 3.11 with X-Ray tracing and 30 days of logs; they are never invoked."""
    functions, logs = context.client("lambda"), context.client("logs")
    code = _archive("def handler(event, context):\n    return {}\n")
    for name, memory, timeout in FUNCTIONS:
        functions.create_function(
            FunctionName=f"{PREFIX}-{name}",
            Runtime="python3.11",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": code},
            MemorySize=memory,
            Timeout=timeout,
            TracingConfig={"Mode": "Active"},
        )
        group = f"/aws/lambda/{PREFIX}-{name}"
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)


def _archive(source: str) -> bytes:
    """A deployment package with one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("index.py", source)
    return buffer.getvalue()
