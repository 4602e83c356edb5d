"""CBOR as Smithy's RPC v2 uses it: https://www.rfc-editor.org/rfc/rfc8949, without what AWS never sends."""

from __future__ import annotations

import struct
from typing import Any

_EPOCH_TAG = b"\xc1"
_SIZES = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()


class Timestamp(float):
    """Seconds since the epoch that are a timestamp on the wire, and not a number."""


def head(major: int, number: int) -> bytes:
    """The first bytes of an item: its major type, and its length or value."""
    if number < 24:  # noqa: PLR2004  # the RFC's own limit: the number fits beside the type
        return bytes((major << 5 | number,))
    size = next(code for code, form in _SIZES.items() if number < 1 << 8 * struct.calcsize(form))
    return bytes((major << 5 | size,)) + struct.pack(_SIZES[size], number)


def dumps(value: Any) -> bytes:  # noqa: PLR0911  # one for each type of the format
    """The value as CBOR. Raises: TypeError, for what no answer of AWS holds."""
    match value:
        case Timestamp():
            return _EPOCH_TAG + b"\xfb" + struct.pack(">d", value)
        case bool() | None:
            return bytes((0xE0 | {False: 20, True: 21, None: 22}[value],))
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            encoded = value.encode()
            return head(3, len(encoded)) + encoded
        case list() | tuple():
            return head(4, len(value)) + b"".join(dumps(item) for item in value)
        case dict():
            return head(5, len(value)) + b"".join(dumps(key) + dumps(item) for key, item in value.items())
        case _:
            raise TypeError(f"CBOR of {type(value).__name__}")


def loads(content: bytes) -> Any:
    """The value that the content is; a tagged timestamp is its number. Raises: ValueError."""
    try:
        value, end = item(content, 0)
    except (IndexError, KeyError, struct.error, TypeError) as error:
        raise ValueError(f"not CBOR: {type(error).__name__}") from error
    if end != len(content) or value is _BREAK:
        raise ValueError("not one CBOR item")
    return value


def item(content: bytes, at: int) -> tuple[Any, int]:
    """The item that begins at `at`, and where it ends. Raises: IndexError, KeyError, struct.error, ValueError."""
    major, extra = content[at] >> 5, content[at] & 31
    at += 1
    if major == 7:  # noqa: PLR2004  # floats and simple values
        if extra in _FLOATS:
            form = _FLOATS[extra]
            return struct.unpack_from(form, content, at)[0], at + struct.calcsize(form)
        return (_BREAK if extra == 31 else _SIMPLE[extra]), at  # noqa: PLR2004  # the RFC's break
    length: int | None = extra
    if extra in _SIZES:
        length = int(struct.unpack_from(_SIZES[extra], content, at)[0])
        at += struct.calcsize(_SIZES[extra])
    elif extra == 31:  # noqa: PLR2004  # of indefinite length
        length = None
    return _of_length(content, at, major, length)


def _of_length(content: bytes, at: int, major: int, length: int | None) -> tuple[Any, int]:
    match major:
        case 0 | 1 if length is not None:
            return (length if major == 0 else -1 - length), at
        case 2 | 3 if length is not None:
            if at + length > len(content):
                raise IndexError
            text = content[at : at + length]
            return (text if major == 2 else text.decode()), at + length  # noqa: PLR2004  # bytes
        case 2 | 3:
            parts, at = _items(content, at, None)
            return (b"" if major == 2 else "").join(parts), at  # noqa: PLR2004  # bytes
        case 4:
            return _items(content, at, length)
        case 5:
            flat, at = _items(content, at, None if length is None else 2 * length)
            return dict(zip(flat[::2], flat[1::2], strict=True)), at
        case 6 if length is not None:
            return item(content, at)
        case _:
            raise ValueError("not CBOR: a length is missing")


def _items(content: bytes, at: int, length: int | None) -> tuple[list[Any], int]:
    items: list[Any] = []
    while length is None or len(items) < length:
        one, at = item(content, at)
        if one is _BREAK:
            break
        items.append(one)
    return items, at
