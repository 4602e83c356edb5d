"""A versioned bucket in memory behind botocore, of any number of records."""

from __future__ import annotations

import csv
import gzip
import io
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote_plus, unquote

from botocore.response import StreamingBody
from botocore.validate import validate_parameters

from tests.checks.verdicts import NOW
from tests.wire import Wire, refusal

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventoried:
    """An S3 Inventory of the bucket, made `age` ago; `missing` are keys that it does not list, `columns` its schema."""

    age: timedelta = timedelta(hours=20)
    missing: Callable[[str], bool] = lambda _key: False
    file_format: str = "CSV"
    columns: str = (
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, LastModifiedDate, ObjectLockMode, ObjectLockRetainUntilDate"
    )
    damaged: bool = False
    denied: bool = False


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
        inventory: Inventoried | None = None,
    ) -> None:
        super().__init__()
        self.keys = sorted(keys)
        self.written, self.until, self.unlocked, self.hidden = written, until, unlocked, hidden or {}
        self.inventory = inventory
        self.answer("s3:GetObjectRetention", refusal("NoSuchObjectLockConfiguration", status=404))

    def _before_call(self, model: Any, params: dict[str, Any], **more: Any) -> Any:
        answers = {
            "ListObjectVersions": self._list,
            "HeadObject": self._head,
            "ListBucketInventoryConfigurations": self._configured,
            "ListObjectsV2": self._delivered,
            "GetObject": self._file,
        }
        answer = answers.get(model.name)
        if answer is None:
            return super()._before_call(model, params, **more)
        if self.inventory and self.inventory.denied and model.name == "ListBucketInventoryConfigurations":
            self.answer(f"s3:{model.name}", refusal("AccessDenied", status=403))
            return super()._before_call(model, params, **more)
        fields = answer(params)
        # The first entries of a list have the shape of all.
        first = {
            name: value[:3] if isinstance(value, list) else value for name, value in fields.items() if name != "Body"
        }
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

    def _configured(self, _params: dict[str, Any]) -> dict[str, Any]:
        if self.inventory is None:
            return {"IsTruncated": False}
        target = {"Bucket": "arn:aws:s3:::lists", "Format": self.inventory.file_format, "Prefix": "of"}
        configured = {
            "Id": "all",
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": target},
        }
        return {"IsTruncated": False, "InventoryConfigurationList": [configured]}

    def _delivered(self, params: dict[str, Any]) -> dict[str, Any]:
        assert self.inventory is not None
        prefix, after = params["query_string"]["prefix"], params["query_string"]["start-after"]
        folder = f"{prefix}{NOW - self.inventory.age:%Y-%m-%dT%H-%MZ}/"
        found = [f"{prefix}data/", f"{prefix}hive/", folder]
        return {"IsTruncated": False, "CommonPrefixes": [{"Prefix": each} for each in found if each > after]}

    def _file(self, params: dict[str, Any]) -> dict[str, Any]:
        assert self.inventory is not None
        content = self._rows()
        if params["url_path"].endswith("/manifest.json"):
            manifest = {
                "fileSchema": self.inventory.columns,
                "creationTimestamp": str(int((NOW - self.inventory.age).timestamp() * 1000)),
                "files": [{"key": "of/audit/all/data/1.csv.gz", "size": len(content)}],
            }
            content = json.dumps(manifest).encode()
        elif self.inventory.damaged:
            content = content[:-20]
        return {"Body": StreamingBody(io.BytesIO(content), len(content)), "ContentLength": len(content)}

    def _rows(self) -> bytes:
        """The versions and markers, as S3 Inventory lists them."""
        assert self.inventory is not None
        written = io.StringIO()
        rows = csv.writer(written, quoting=csv.QUOTE_ALL)
        columns = self.inventory.columns.split(", ")
        at, until = f"{self.written:%Y-%m-%dT%H:%M:%S}.000Z", f"{self.until:%Y-%m-%dT%H:%M:%S}.000Z"
        for key in self.keys:
            locked = not self.unlocked(key)
            version = {
                "Bucket": "audit",
                "Key": quote_plus(key),
                "VersionId": "v1",
                "IsLatest": str(key not in self.hidden).lower(),
                "IsDeleteMarker": "false",
                "LastModifiedDate": at,
                "ObjectLockMode": "COMPLIANCE" if locked else "",
                "ObjectLockRetainUntilDate": until if locked else "",
            }
            if not self.inventory.missing(key):
                rows.writerow([version[column] for column in columns])
            if key in self.hidden:
                marker = {**version, "IsLatest": "true", "IsDeleteMarker": "true"}
                rows.writerow([marker[column] for column in columns])
        return gzip.compress(written.getvalue().encode(), mtime=0)
