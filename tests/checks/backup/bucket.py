"""An S3 bucket in memory behind botocore: its answers come from objects, and are validated against the model."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from botocore.response import StreamingBody
from botocore.validate import validate_parameters

from tests.checks.verdicts import NOW
from tests.wire import Wire, refusal

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One object: `size` is that of its content unless it says more, `refused` the error code of GetObject.

    `recorded` puts the SHA-256 of the content, or this one, in the metadata; `checksum` lets S3 store it.
    """

    key: str
    written: datetime
    content: bytes = b""
    size: int | None = None
    etag: str = ""
    recorded: bool | str = True
    checksum: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    storage_class: str = "STANDARD"
    refused: str = ""
    head_refused: str = ""

    @property
    def length(self) -> int:
        """Its size in bytes."""
        return len(self.content) if self.size is None else self.size

    @property
    def tag(self) -> str:
        """Its ETag."""
        return self.etag or f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


class BucketWire(Wire):
    """A wire that answers from objects; every other operation has to be answered by hand."""

    def __init__(self, *objects: Stored, now: datetime = NOW) -> None:
        super().__init__()
        self.objects = {each.key: each for each in objects}
        self.now = now

    def _before_call(self, model: Any, params: dict[str, Any], **more: Any) -> Any:
        answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "ListObjectsV2": self._list,
            "HeadObject": self._head,
            "GetObject": self._get,
        }
        answer = answers.get(model.name)
        if answer is None:
            return super()._before_call(model, params, **more)
        given = answer(params)
        if "Error" not in given:
            plain = {name: value for name, value in given.items() if name not in ("Body", "ResponseMetadata")}
            validate_parameters(plain, model.output_shape)
        self.answer(f"s3:{model.name}", given)
        return super()._before_call(model, params, **more)

    def _answered(self, **fields: Any) -> dict[str, Any]:
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {**fields, "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "r-1", "HTTPHeaders": headers}}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        query = params["query_string"]
        start = int(query.get("continuation-token", 0))
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")))
        page = keys[start : start + _PAGE]
        more = {"NextContinuationToken": str(start + _PAGE)} if start + _PAGE < len(keys) else {}
        contents = [
            {
                "Key": each.key,
                "LastModified": each.written,
                "Size": each.length,
                "ETag": each.tag,
                "StorageClass": each.storage_class,
            }
            for each in map(self.objects.__getitem__, page)
        ]
        return self._answered(IsTruncated=bool(more), Contents=contents, KeyCount=len(page), **more)

    def _head(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._found(params)
        if found.head_refused:
            return refusal(found.head_refused, status=400)
        digest = hashlib.sha256(found.content)
        recorded = digest.hexdigest() if found.recorded is True else found.recorded or ""
        fields: dict[str, Any] = {"StorageClass": found.storage_class} if found.storage_class != "STANDARD" else {}
        if found.checksum:
            fields["ChecksumSHA256"] = base64.b64encode(digest.digest()).decode()
        return self._answered(
            ContentLength=found.length,
            ETag=found.tag,
            LastModified=found.written,
            Metadata={**({"sha256": recorded} if recorded else {}), **found.metadata},
            **fields,
        )

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._found(params)
        if found.refused:
            return refusal(found.refused, status=403 if found.refused == "InvalidObjectState" else 400)
        start, _, end = params["headers"].get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        content = found.content[int(start) : int(end) + 1 if end else None]
        return self._answered(Body=StreamingBody(io.BytesIO(content), len(content)), ContentLength=len(content))

    def _found(self, params: dict[str, Any]) -> Stored:
        key = params["url_path"].partition("/")[2] if "Key" not in params else params["Key"]
        return self.objects[key.partition("/")[2] if key not in self.objects else key]
