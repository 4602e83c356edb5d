"""The encodings of CloudWatch that the fake supports: AWS JSON 1.0 and Smithy RPC v2 CBOR."""

from __future__ import annotations

import re
import struct
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any, Protocol

import cbor2
import orjson

_JSON_TIMES = (b'"StartTime":', b'"EndTime":')
_NUMBER = re.compile(rb"\s*([-+0-9.eE]+)")
# RFC 8949: https://www.rfc-editor.org/rfc/rfc8949
_ARRAY, _MAP, _EPOCH_TAG = 4, 5, 1
_CBOR_TIMES = (b"iStartTime", b"gEndTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowlessRequest:
    """A GetMetricData request without its window: `body` is the same for the same queries at any time."""

    body: bytes
    start: float | None
    end: float | None


class Encoding(Hashable, Protocol):
    """Encodes and decodes values; the parts of a result are encoded once and joined for each response."""

    content_type: bytes
    headers: bytes

    def loads(self, content: bytes) -> Any:
        """The decoded content. Raises: ValueError."""
        ...

    def dumps(self, value: Any) -> bytes:
        """The encoded value."""
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
        """The start of a result, up to its values."""
        ...

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        ...

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """The response with these results; `token` is empty on the last page."""
        ...


class Json:
    """AWS JSON 1.0, as CloudWatch answers it."""

    content_type = b"application/x-amz-json-1.0"
    headers = b""

    def loads(self, content: bytes) -> Any:
        """The decoded content. Raises: ValueError."""
        return orjson.loads(content)

    def dumps(self, value: Any) -> bytes:
        """The value as JSON."""
        return orjson.dumps(value)

    def without_window(self, content: bytes) -> WindowlessRequest:
        """The request without its window; quotes in strings are escaped, so no value looks like a key."""
        found, rest = list[float | None](), content
        for key in _JSON_TIMES:
            at = rest.find(key)
            match = _NUMBER.match(rest, at + len(key)) if at >= 0 else None
            found.append(float(match[1]) if match else None)
            if match:
                rest = rest[:at] + rest[match.end() :]
        return WindowlessRequest(body=rest, start=found[0], end=found[1])

    def number(self, value: float) -> bytes:
        """A value as AWS writes it: always with a decimal point."""
        return repr(float(value)).encode()

    def times(self, minutes: Sequence[int]) -> bytes:
        """The end of a result: its timestamps."""
        return b',"Timestamps":[' + ",".join([f"{minute * 60}.0" for minute in minutes]).encode() + b"]}"

    def head(self, identifier: str, label: str, status: str) -> bytes:
        """The start of a result."""
        return orjson.dumps({"Id": identifier, "Label": label, "StatusCode": status})[:-1] + b',"Values":'

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        return b"[" + b",".join(items) + b"]"

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """The whole response."""
        last = b"]" + (b',"NextToken":' + orjson.dumps(token) if token else b"") + b',"Messages":[]}'
        return b'{"MetricDataResults":[' + b",".join(results) + last


class Cbor:
    """Smithy RPC v2 CBOR, as CloudWatch answers it."""

    content_type = b"application/cbor"
    headers = b"smithy-protocol: rpc-v2-cbor\r\n"

    def loads(self, content: bytes) -> Any:
        """The decoded content; timestamps are aware datetimes. Raises: ValueError."""
        try:
            return cbor2.loads(content)
        except cbor2.CBORDecodeError as error:
            raise ValueError(f"not CBOR: {error}") from error

    def dumps(self, value: Any) -> bytes:
        """The value as CBOR."""
        return cbor2.dumps(value)

    def without_window(self, content: bytes) -> WindowlessRequest:
        """The request without its window."""
        found = list[float | None]()
        rest = content
        for key in _CBOR_TIMES:
            at = rest.find(key)
            if at < 0:
                found.append(None)
                continue
            stream = BytesIO(rest)
            stream.seek(at + len(key))
            value = cbor2.CBORDecoder(stream).decode()
            found.append(value.timestamp() if isinstance(value, datetime) else float(value))
            rest = rest[:at] + key + b"\x00" + rest[stream.tell() :]
        return WindowlessRequest(body=rest, start=found[0], end=found[1])

    def number(self, value: float) -> bytes:
        """A value as a double."""
        return b"\xfb" + struct.pack(">d", value)

    def times(self, minutes: Sequence[int]) -> bytes:
        """The end of a result: its timestamps."""
        stamps = [cbor2.CBORTag(_EPOCH_TAG, float(minute * 60)) for minute in minutes]
        return cbor2.dumps("Timestamps") + cbor2.dumps(stamps)

    def head(self, identifier: str, label: str, status: str) -> bytes:
        """The start of a result."""
        head = {"Id": identifier, "Label": label, "StatusCode": status}
        return _length(_MAP, 5) + cbor2.dumps(head)[1:] + cbor2.dumps("Values")

    def numbers(self, items: Sequence[bytes]) -> bytes:
        """The values of a result."""
        return _length(_ARRAY, len(items)) + b"".join(items)

    def page(self, results: Sequence[bytes], token: str) -> bytes:
        """The whole response."""
        start = _length(_MAP, 2 if token else 1) + cbor2.dumps("MetricDataResults") + _length(_ARRAY, len(results))
        return start + b"".join(results) + (cbor2.dumps("NextToken") + cbor2.dumps(token) if token else b"")


@cache
def _length(major_type: int, length: int) -> bytes:
    """The first bytes of an array or a map."""
    stream = BytesIO()
    cbor2.CBOREncoder(stream).encode_length(major_type, length)
    return stream.getvalue()


JSON = Json()
CBOR = Cbor()
