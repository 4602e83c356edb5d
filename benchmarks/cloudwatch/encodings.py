"""The two protocols of CloudWatch that the fake speaks, AWS JSON 1.0 and Smithy RPC v2 CBOR, result by result."""

from __future__ import annotations

import re
import struct
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from benchmarks.cloudwatch import cbor

_JSON_TIMES = (b'"StartTime":', b'"EndTime":')
_NUMBER = re.compile(rb"\s*([-+0-9.eE]+)")
_CBOR_TIMES = (b"iStartTime", b"gEndTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowlessRequest:
    """A GetMetricData request whose window is taken out: `body` is the same for the same queries at any time."""

    body: bytes
    start: float | None
    end: float | None


class Encoding(Hashable, Protocol):
    """How values become bytes and back; the parts of a result are encoded once and put together for each answer."""

    content_type: bytes
    headers: bytes

    def loads(self, content: bytes) -> Any:
        """The value the content is. Raises: ValueError."""
        ...

    def dumps(self, value: Any) -> bytes:
        """The value as content."""
        ...

    def without_window(self, content: bytes) -> WindowlessRequest:
        """The request without its window."""
        ...

    def number(self, value: float) -> bytes:
        """A value of a datapoint."""
        ...

    def times(self, minutes: Sequence[int]) -> bytes:
        """The end of a result: the timestamps of these minutes since the epoch."""
        ...

    def head(self, identifier: str, label: str, status: str) -> bytes:
        """The beginning of a result, up to its values."""
        ...

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        ...

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """An answer of these results; its token is empty when it is the last page."""
        ...


class Json:
    """AWS JSON 1.0, as CloudWatch answers it."""

    content_type = b"application/x-amz-json-1.0"
    headers = b""

    def loads(self, content: bytes) -> Any:
        """The value the content is. Raises: ValueError."""
        return orjson.loads(content)

    def dumps(self, value: Any) -> bytes:
        """The value as JSON."""
        return orjson.dumps(value)

    def without_window(self, content: bytes) -> WindowlessRequest:
        """The request without its window; a quote within a string is escaped, so no value looks like a key."""
        found, rest = list[float | None](), content
        for key in _JSON_TIMES:
            at = rest.find(key)
            match = _NUMBER.match(rest, at + len(key)) if at >= 0 else None
            found.append(float(match[1]) if match else None)
            if match:
                rest = rest[:at] + rest[match.end() :]
        return WindowlessRequest(body=rest, start=found[0], end=found[1])

    def number(self, value: float) -> bytes:
        """A value as AWS writes it: always with a point."""
        return repr(float(value)).encode()

    def times(self, minutes: Sequence[int]) -> bytes:
        """The end of a result: its timestamps."""
        return b',"Timestamps":[' + ",".join([f"{minute * 60}.0" for minute in minutes]).encode() + b"]}"

    def head(self, identifier: str, label: str, status: str) -> bytes:
        """The beginning of a result."""
        return orjson.dumps({"Id": identifier, "Label": label, "StatusCode": status})[:-1] + b',"Values":'

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        return b"[" + b",".join(items) + b"]"

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """The whole answer."""
        last = b"]" + (b',"NextToken":' + orjson.dumps(token) if token else b"") + b',"Messages":[]}'
        return b'{"MetricDataResults":[' + b",".join(results) + last


class Cbor:
    """Smithy RPC v2 CBOR, as CloudWatch answers it."""

    content_type = b"application/cbor"
    headers = b"smithy-protocol: rpc-v2-cbor\r\n"

    def loads(self, content: bytes) -> Any:
        """The value the content is. Raises: ValueError."""
        return cbor.loads(content)

    def dumps(self, value: Any) -> bytes:
        """The value as CBOR."""
        return cbor.dumps(value)

    def without_window(self, content: bytes) -> WindowlessRequest:
        """The request without its window."""
        found = list[float | None]()
        rest = content
        for key in _CBOR_TIMES:
            at = rest.find(key)
            if at < 0:
                found.append(None)
                continue
            value, end = cbor.item(rest, at + len(key))
            found.append(float(value))
            rest = rest[:at] + key + b"\x00" + rest[end:]
        return WindowlessRequest(body=rest, start=found[0], end=found[1])

    def number(self, value: float) -> bytes:
        """A value as a double."""
        return b"\xfb" + struct.pack(">d", value)

    def times(self, minutes: Sequence[int]) -> bytes:
        """The end of a result: its timestamps."""
        return cbor.dumps("Timestamps") + cbor.dumps([cbor.Timestamp(minute * 60) for minute in minutes])

    def head(self, identifier: str, label: str, status: str) -> bytes:
        """The beginning of a result."""
        told = {"Id": identifier, "Label": label, "StatusCode": status}
        return cbor.head(5, 5) + cbor.dumps(told)[1:] + cbor.dumps("Values")

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        return cbor.head(4, len(items)) + b"".join(items)

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """The whole answer."""
        start = cbor.head(5, 2 if token else 1) + cbor.dumps("MetricDataResults") + cbor.head(4, len(results))
        return start + b"".join(results) + (cbor.dumps("NextToken") + cbor.dumps(token) if token else b"")


JSON = Json()
CBOR = Cbor()
