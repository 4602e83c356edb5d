"""A versioned bucket in memory behind botocore, of any number of records."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from botocore.validate import validate_parameters

from tests.checks.verdicts import NOW
from tests.wire import Wire, refusal

_PAGE = 1000


class AuditWire(Wire):
    """A wire that answers ListObjectVersions and HeadObject of one version for each key of `keys`.

    All are written at `written` and locked in COMPLIANCE until `until`, but those of `unlocked`. `hidden` have a delete
    marker above their version, at its time.
    """

    def __init__(
        self,
        keys: Sequence[str],
        *,
        written: datetime,
        until: datetime,
        unlocked: Callable[[str], bool] = lambda _key: False,
        hidden: Mapping[str, datetime] | None = None,
    ) -> None:
        super().__init__()
        self.keys = sorted(keys)
        self.written, self.until, self.unlocked, self.hidden = written, until, unlocked, hidden or {}
        self.answer("s3:GetObjectRetention", refusal("NoSuchObjectLockConfiguration", status=404))

    def _before_call(self, model: Any, params: dict[str, Any], **more: Any) -> Any:
        answers = {"ListObjectVersions": self._list, "HeadObject": self._head}
        answer = answers.get(model.name)
        if answer is None:
            return super()._before_call(model, params, **more)
        fields = answer(params)
        # The first entries of a list have the shape of all.
        first = {name: value[:3] if isinstance(value, list) else value for name, value in fields.items()}
        validate_parameters(first, model.output_shape)
        headers = {"date": format_datetime(NOW, usegmt=True)}
        metadata = {"HTTPStatusCode": 200, "RequestId": "r-1", "HTTPHeaders": headers}
        self.answer(f"s3:{model.name}", {**fields, "ResponseMetadata": metadata})
        return super()._before_call(model, params, **more)

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        query = params["query_string"]
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        size = int(query.get("max-keys", _PAGE))
        index = bisect_right(self.keys, query["key-marker"]) if "key-marker" in query else 0
        index = max(index, bisect_right(self.keys, prefix) - (prefix in self.keys))
        versions: list[dict[str, Any]] = []
        markers: list[dict[str, Any]] = []
        folders: list[str] = []
        last = ""
        while index < len(self.keys) and self.keys[index].startswith(prefix) and len(versions) + len(folders) < size:
            last = self.keys[index]
            rest = last.removeprefix(prefix)
            if delimiter and delimiter in rest:
                folders.append(prefix + rest.partition(delimiter)[0] + delimiter)
                index = bisect_right(self.keys, folders[-1] + "\U0010ffff")
                continue
            hidden = self.hidden.get(last)
            if hidden:
                markers.append({"Key": last, "VersionId": "m", "LastModified": hidden, "IsLatest": True})
            versions.append(
                {"Key": last, "VersionId": "v1", "LastModified": self.written, "IsLatest": hidden is None, "Size": 1}
            )
            index += 1
        more = index < len(self.keys) and self.keys[index].startswith(prefix)
        return {
            "IsTruncated": more,
            "Versions": versions,
            "DeleteMarkers": markers,
            "CommonPrefixes": [{"Prefix": folder} for folder in folders],
            **({"NextKeyMarker": last, "NextVersionIdMarker": "v1"} if more else {}),
        }

    def _head(self, params: dict[str, Any]) -> dict[str, Any]:
        key = unquote(params["url_path"]).removeprefix("/")
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": self.until}
        return {"LastModified": self.written, **({} if self.unlocked(key) else lock)}
