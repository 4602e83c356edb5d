"""Parses AWS's answers as botocore does, but refuses an answer that AWS did not write.

botocore reads the page of a proxy, an empty body or a body cut short as an answer without fields, which looks like an
empty listing; other garbage raises whatever Python raises. Here all of them are one error: ResponseParserError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session

_FIRST_ERROR = 300
_FIRST_SERVER_ERROR = 500
_QUOTED_CHARS = 80
_REQUEST_IDS = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}
_OPENING_BYTES = 500


def use_strict_parser(session: Session) -> Session:
    """The session, whose clients raise ResponseParserError for every answer that is not one of AWS."""
    from botocore.parsers import ResponseParserFactory  # noqa: PLC0415  # botocore takes 0.3 s to import

    session.register_component("response_parser_factory", _StrictFactory(ResponseParserFactory()))
    return session


class _StrictFactory:
    """What botocore gets its parsers from."""

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def set_parser_defaults(self, **defaults: Any) -> None:
        """Sets how times and binary values are read."""
        self._factory.set_parser_defaults(**defaults)

    def create_parser(self, protocol_name: str) -> _StrictParser:
        """The parser of a protocol."""
        return _StrictParser(self._factory.create_parser(protocol_name), protocol_name)


class _StrictParser:
    """The parser of one protocol, which parses no body of another one."""

    def __init__(self, parser: Any, protocol: str) -> None:
        self._parser = parser
        self._json = protocol.endswith("json")

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """The parsed answer. Raises: ResponseParserError."""
        from botocore.parsers import ResponseParserError  # noqa: PLC0415  # see above

        problem = self._problem(response, shape)
        if problem:
            raise ResponseParserError(problem)
        try:
            return self._parser.parse(response, shape)
        except ResponseParserError:
            raise
        except Exception as error:  # a garbled answer raises anything in botocore's parsers
            raise ResponseParserError(f"the answer is garbled: {type(error).__name__}") from error

    def _problem(self, response: Mapping[str, Any], shape: Any) -> str:
        """What makes the answer no answer of AWS; empty for a good one, and where its body is not parsed."""
        body, status = response["body"], int(response["status_code"])
        if not isinstance(body, bytes) or status >= _FIRST_SERVER_ERROR:
            # A stream is not parsed. The status of a server's error says enough, and is retried.
            return ""
        if status >= _FIRST_ERROR:
            return self._foreign(body) if body else ""
        if not _has_parsed_body(shape):
            return ""
        if not body:
            # AWS names each of its answers; some have no field to write.
            return "" if _REQUEST_IDS & {name.lower() for name in response["headers"]} else "the answer is empty"
        return self._foreign(body)

    def _foreign(self, body: bytes) -> str:
        start = body[:_QUOTED_CHARS].decode("utf-8", "replace")
        opening = body.lstrip()[:_OPENING_BYTES].lower()
        is_page = opening.startswith((b"<!doctype html", b"<html")) or (not self._json and b"<html" in opening)
        if is_page:
            return f"the answer is a web page: {start}"
        if self._json:
            try:
                parsed = json.loads(body)
            except ValueError:
                return f"the answer is not JSON: {start}"
            if not isinstance(parsed, dict):
                return f"the answer is not a JSON object: {start}"
        return ""


def _has_parsed_body(shape: Any) -> bool:
    """Whether an operation's answer has fields in its body: it is empty otherwise, or handed on as it is."""
    if shape is None:
        return False
    payload = shape.serialization.get("payload")
    if payload is not None:
        return shape.members[payload].type_name in ("structure", "list", "map")
    return any(member.serialization.get("location") is None for member in shape.members.values())
