"""The Lambda functions, and the log group of each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext
from demo.answered_operations import AwsRefusal

# Name, memory in MB and timeout in seconds, within the platform's bounds of 256 to 512 MB and 30 to 300 s.
FUNCTIONS = (
    ("auth-v2", 256, 30),
    ("billing-worker", 512, 300),
    ("metrics-aggregation", 512, 120),
)
_API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*"
# The services that invoke each function, with the source of the calls.
_INVOKED_BY = {
    "auth-v2": (("apigateway", _API),),
    "billing-worker": (("apigateway", _API),),
    "metrics-aggregation": (
        ("apigateway", _API),
        ("events", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{PREFIX}-analytics-hourly"),
    ),
}


def create(context: BuildContext, *, key: str, role: str) -> None:
    """Create three functions in Python 3.11 with X-Ray tracing and 30 days of logs; they are never invoked."""
    functions, logs = context.client("lambda"), context.client("logs")
    context.answer("lambda:ListFunctionUrlConfigs", _urls)
    code = _archive("def handler(event, context):\n    return {}\n")
    layer = functions.publish_layer_version(
        LayerName=f"{PREFIX}-db-utils", Content={"ZipFile": code}, CompatibleRuntimes=["python3.11"]
    )["LayerVersionArn"]
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
            Layers=[layer],
        )
        for number, (service, source) in enumerate(_INVOKED_BY.get(name, ())):
            functions.add_permission(
                FunctionName=f"{PREFIX}-{name}",
                StatementId=f"allow-{service}-{number}",
                Action="lambda:InvokeFunction",
                Principal=f"{service}.amazonaws.com",
                SourceArn=source,
            )
        group = f"/aws/lambda/{PREFIX}-{name}"
        logs.create_log_group(logGroupName=group, kmsKeyId=key)
        logs.put_retention_policy(logGroupName=group, retentionInDays=30)


def _urls(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The URLs of a function: there are none. moto lists none either, and answers with an error."""
    if str(parameters["FunctionName"]).removeprefix(f"{PREFIX}-") not in (name for name, *_ in FUNCTIONS):
        raise AwsRefusal("ResourceNotFoundException", status="404 Not Found")
    return {"FunctionUrlConfigs": []}


def _archive(source: str) -> bytes:
    """A deployment package with one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("index.py", source)
    return buffer.getvalue()
