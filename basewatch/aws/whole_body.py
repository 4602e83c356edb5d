"""Reads the body of an answer that is one document, such as an export, within a limit of memory."""

from __future__ import annotations

from contextlib import closing
from typing import Any, BinaryIO, cast

from basewatch.errors import ObservationError
from basewatch.model import Reason

LARGEST_DOCUMENT_BYTES = 8 << 20


def whole_body(body: Any) -> bytes | None:
    """The bytes of a body, None for an answer without one. Raises: ObservationError, when it is too large."""
    if body is None:
        return None
    with closing(cast("BinaryIO", body)) as stream:
        content = stream.read(LARGEST_DOCUMENT_BYTES + 1)
    if len(content) > LARGEST_DOCUMENT_BYTES:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the answer of AWS is larger than {LARGEST_DOCUMENT_BYTES >> 20} MiB",
            remedy="Basewatch cannot read a document of this size; remove the promise that needs it",
        )
    return content
