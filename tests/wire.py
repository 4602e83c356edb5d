"""Intercepts calls between botocore and the network: it answers or edits some, and lets the rest through."""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.session import Session

from basewatch.aws import AwsClient, AwsSession
from basewatch.aws.identity import botocore_session

ACCOUNT = "123456789012"
REGION = "us-east-1"
READER = f"arn:aws:sts::{ACCOUNT}:assumed-role/basewatch-reader/basewatch"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_EC2_METADATA_DISABLED": "true"}

# None lets the call through to where it was going.
Answer = dict[str, Any] | Exception | None
Edit = Callable[[dict[str, Any]], None]
_Request = tuple[object, ...]

# AWS' models are megabytes: read once for all tests.
_MODELS = create_loader()


@dataclass(frozen=True, slots=True)
class _Http:
    """The part of an HTTP response that botocore looks at once it is parsed."""

    status_code: int


@dataclass
class Wire:
    """The answers of AWS by operation, such as `rds:DescribeDBClusters`, each used once; the last one is repeated.

    `edits` change what AWS itself answered.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    edits: dict[str, Edit] = field(default_factory=dict[str, Edit])
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])

    def answer(self, operation: str, *answers: Answer) -> None:
        """Answer `operation` with these, in turn: a response, an error, an exception to raise, or None."""
        self.answers[operation] = list(answers)

    def clear(self) -> None:
        """Let everything through again, and forget what was asked."""
        self.answers.clear()
        self.edits.clear()
        self.asked.clear()

    def attach(self, session: Session) -> Session:
        """The session, its calls now passing here first."""
        session.register_component("data_loader", _MODELS)
        session.register("before-call", self._before_call)
        session.register("after-call", self._after_other_call)
        # botocore decodes the policies in an answer of IAM: what is remembered of it must not be decoded yet.
        session.get_component("event_emitter").register_first("after-call.iam", self._after_call)
        return session

    def _before_call(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[_Http, dict[str, Any]] | None:
        operation = _named(model)
        self.asked.append((operation, params))
        answers = self.answers.get(operation)
        if not answers:
            return None
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            return None
        if isinstance(answer, Exception):
            raise answer
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200))
        return _Http(status), answer

    def _after_other_call(self, model: Any, parsed: dict[str, Any], **more: Any) -> None:
        if model.service_model.service_name != "iam":
            self._after_call(model, parsed, **more)

    def _after_call(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        edit = self.edits.get(_named(model))
        if edit is not None:
            edit(parsed)


class RememberingWire(Wire):
    """A wire that asks AWS once for each request, and gives the same response to every later one until `forget`.

    Two are never kept: a body that is read in parts, which can be read once only; and who asks, which STS answers
    otherwise after the role is assumed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._responses: dict[_Request, dict[str, Any]] = {}
        self._sent: dict[str, _Request] = {}

    def forget(self, services: Collection[str] = ()) -> None:
        """Ask AWS again for everything, or for these services alone: they are to answer otherwise from now on."""
        self._responses = {
            request: response
            for request, response in self._responses.items()
            if services and str(request[0]).partition(":")[0] not in services
        }

    def remembered(self, operation: str) -> list[dict[str, Any]]:
        """Every response to this operation that is remembered; they are not copies."""
        return [response for request, response in self._responses.items() if request[0] == operation]

    def _before_call(self, model: Any, params: dict[str, Any], **more: Any) -> tuple[_Http, dict[str, Any]] | None:
        answer = super()._before_call(model, params, **more)
        request = _request(model, params)
        if answer is None and request in self._responses:
            return _Http(200), deepcopy(self._responses[request])
        self._sent[_named(model)] = request if answer is None else ()
        return answer

    def _after_call(self, model: Any, parsed: dict[str, Any], **more: Any) -> None:
        request = self._sent.pop(_named(model), ())
        kept = not model.has_streaming_output and model.service_model.service_name != "sts"
        if request and kept and "Error" not in parsed:
            self._responses[request] = deepcopy(parsed)
        super()._after_call(model, parsed, **more)


class _Switch(Wire):
    """A wire that passes every call on to another, so that one session serves many tests."""

    to: Wire

    def _before_call(self, model: Any, params: dict[str, Any], **more: Any) -> Any:
        return self.to._before_call(model, params, **more)


def _request(model: Any, params: dict[str, Any]) -> _Request:
    """What a response depends on: the operation, the resource and the parameters, wherever its protocol has them."""
    owner = params["headers"].get("x-amz-expected-bucket-owner")
    return _named(model), params["url"], repr(params["query_string"]), repr(params["body"]), owner


def _named(model: Any) -> str:
    return f"{model.service_model.service_name}:{model.name}"


def refusal(code: str, message: str = "", *, status: int = 400, request_id: str = "r-refused") -> dict[str, Any]:
    """The error response of AWS with this code, as botocore parses it."""
    return {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": request_id},
    }


def answered(request_id: str = "r-1", **fields: Any) -> dict[str, Any]:
    """A good response of AWS with these fields, as botocore parses it."""
    return {**fields, "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": request_id, "HTTPHeaders": {}}}


def identity(arn: str = READER) -> dict[str, Any]:
    """STS' answer to who is asking."""
    return answered(Arn=arn, Account=arn.split(":")[4], UserId="AIDA")


def offline(wire: Wire, *, role: str | None = "basewatch-reader") -> AwsSession:
    """A session all of whose calls are answered by `wire`, signed in as the reader unless `wire` says otherwise."""
    wire.answers.setdefault("sts:GetCallerIdentity", [identity()])
    return AwsSession.open(ACCOUNT, REGION, role, environ=KEYS, session=wire.attach(botocore_session(KEYS)))


def looking(wire: Wire) -> AwsClient:
    """What an observation gets, all of whose calls are answered by `wire`."""
    return offline(wire).open_client()


@cache
def _switched() -> tuple[AwsSession, _Switch]:
    switch = _Switch()
    switch.to = Wire()
    switch.to.answer("sts:GetCallerIdentity", identity())
    session = AwsSession.open(
        ACCOUNT, REGION, "basewatch-reader", environ=KEYS, session=switch.attach(botocore_session(KEYS))
    )
    assert session.principal
    return session, switch


def looking_signed_in(wire: Wire) -> AwsClient:
    """What an observation gets, all of whose calls are answered by `wire`; the sign-in was made before, for all."""
    session, switch = _switched()
    switch.to = wire
    return session.open_client()
