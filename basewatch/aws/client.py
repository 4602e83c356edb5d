"""The AWS calls of one observation: they are recorded, and those to S3 name the account that must own the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from basewatch.aws.actions import iam_action
from basewatch.aws.errors import SIGN_IN, AwsRequest, botocore_errors, error_code, error_response, translate_error
from basewatch.aws.response import required
from basewatch.aws.shared_answers import LONGEST_CALL_SECONDS, Question, SharedAnswers
from basewatch.aws.whole_body import whole_body
from basewatch.errors import ObservationError, looking_at
from basewatch.model import Reason
from basewatch.time_limit import TimeLimit, limited

if TYPE_CHECKING:
    from basewatch.aws.session import AwsSession

_CHUNK_BYTES = 1 << 20
_OWNER = "ExpectedBucketOwner"
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One operation and its parameters; `owned` has the account that must own the bucket, where S3 takes it."""

    service: str
    model: Any
    action: str
    method: Callable[..., Any]
    parameters: dict[str, Any]
    owned: dict[str, Any]


@dataclass(slots=True)
class _Log:
    """The requests of one observation in all regions, and the action that was asked last."""

    requests: list[str] = field(default_factory=list[str])
    action: str = ""


class AwsClient:
    """The AWS calls of one observation; each is recorded as `<IAM action> <request id>`."""

    def __init__(
        self,
        session: AwsSession,
        region: str | None = None,
        log: _Log | None = None,
        known_id: str = "",
        answers: SharedAnswers | None = None,
        *,
        declared: frozenset[str] = frozenset(),
    ) -> None:
        """`known_id` is what AWS called the component's resource when its check last passed; empty if not known.

        `answers` are those of the pass; None sends every request. `declared` are the resources that the configuration
        declares in the account, such as `function/auth`.
        """
        self.known_id = known_id
        self.declared = declared
        self._answers = answers
        self._session = session
        self._elsewhere = region
        self._log = log or _Log()

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return self._elsewhere or self._session.region

    @property
    def account_id(self) -> str:
        """The declared account, which the calls go to."""
        return self._session.account_id

    def in_region(self, region: str) -> AwsClient:
        """The same observation's calls in another region of the account, such as that of a replica."""
        return AwsClient(self._session, region, self._log, answers=self._answers)

    @property
    def source(self) -> str:
        """The account and region, for example `aws:123456789012/us-east-1`."""
        return self._session.source

    @property
    def principal(self) -> str:
        """The ARN of the principal. Raises: ObservationError, when the sign-in fails."""
        return self._session.principal

    @property
    def requests(self) -> tuple[str, ...]:
        """Every call so far, in order; the id of a request without an answer is `-`."""
        return tuple(self._log.requests)

    @property
    def action(self) -> str:
        """The IAM action that is being requested now, or was last; `sign in` until the sign-in has succeeded."""
        return self._log.action if self._session.signed_in else SIGN_IN

    def call(
        self, service: str, operation: str, *, accepted_errors: tuple[str, ...] = (), **parameters: Any
    ) -> dict[str, Any]:
        """The answer to one call; `operation` is the API's name, for example `DescribeDBClusters`.

        An error code in `accepted_errors` is returned as an answer that holds only the error: see `accepted_error`.
        Raises: ObservationError; NotFoundError, when AWS reports that the resource does not exist.
        """
        asked = self._request(service, operation, parameters)
        answer: dict[str, Any] = self._answer(asked, lambda: self._send(asked, asked.owned), accepted_errors)
        return answer

    def pages(
        self, service: str, operation: str, *, limit: int | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The pages of a listing, requested one by one, at most `limit` of them.

        Raises: ObservationError or NotFoundError at the page that fails, so that a part never counts as the whole.
        """
        from botocore.paginate import Paginator  # noqa: PLC0415  # botocore takes 0.3 s to import

        asked = self._request(service, operation, parameters)
        paging = self._session.paging(service, operation)
        paginator = Paginator(lambda **page: self._send(asked, page), paging, asked.model)
        pages = iter(paginator.paginate(**asked.owned))
        for _ in count() if limit is None else range(limit):
            page = self._answer(asked, lambda: next(pages, None))
            if page is None:
                return
            yield page

    def body_chunks(self, service: str, operation: str, *, field: str = "Body", **parameters: Any) -> Iterator[bytes]:
        """The body of one answer, such as GetObject's, in chunks of at most 1 MiB; S3's checksum is verified.

        `field` is its name in the answer.

        Raises: ObservationError, also when the body is truncated.
        """
        body = required(self.call(service, operation, **parameters), field, kind=object)
        asked = self._request(service, operation, parameters)
        with closing(cast("BinaryIO", body)) as stream:
            while chunk := self._translating(asked, lambda: stream.read(_CHUNK_BYTES)):
                yield chunk

    def document(self, service: str, operation: str, *, field: str, **parameters: Any) -> bytes:
        """The whole body of one answer, such as an export of API Gateway; `field` is its name in the answer.

        Raises: ObservationError, also when the body is truncated, or larger than 8 MiB.
        """
        asked = self._request(service, operation, parameters)
        answer = self._answer(asked, lambda: self._send(asked, asked.owned, document=field))
        return required(answer, field, kind=bytes)

    def _request(self, service: str, operation: str, parameters: dict[str, Any]) -> _Request:
        from botocore import xform_name  # noqa: PLC0415  # botocore takes 0.3 s to import

        action = iam_action(service, operation, parameters)
        with looking_at(f"aws:{self.account_id}/{self.region}", action):
            client = self._session.service_client(service, self._elsewhere)
        model = client.meta.service_model.operation_model(operation)
        input_shape = model.input_shape
        owned = service == "s3" and input_shape is not None and _OWNER in input_shape.members
        return _Request(
            service=service,
            model=model,
            action=action,
            method=getattr(client, xform_name(operation)),
            parameters=parameters,
            owned={**parameters, _OWNER: self._session.account_id} if owned else parameters,
        )

    def _send(self, asked: _Request, parameters: dict[str, Any], *, document: str = "") -> dict[str, Any]:
        """The answer to the request with these parameters, which the pass may have asked already.

        The body in the field `document` is read whole. One that is read in parts can be read only once, so it is never
        shared.
        """

        def send() -> dict[str, Any]:
            answer: dict[str, Any] = asked.method(**parameters)
            return {**answer, document: whole_body(answer.get(document))} if document else answer

        if self._answers is None or (asked.model.has_streaming_output and not document):
            return send()
        question = Question.of(self.account_id, self.region, asked.service, asked.model.name, parameters)
        return self._answers.answer(question, send)

    def _answer(self, asked: _Request, send: Callable[[], Any], accepted_errors: tuple[str, ...] = ()) -> Any:
        response = self._translating(asked, send, accepted_errors)
        if response is not None:
            self._record(asked.action, response)
        return response

    def _translating(self, asked: _Request, send: Callable[[], Any], accepted_errors: tuple[str, ...] = ()) -> Any:
        self._log.action = asked.action
        try:
            with limited(TimeLimit.after(LONGEST_CALL_SECONDS)):
                return send()
        except botocore_errors() as error:
            if error_code(error) in accepted_errors:
                return error_response(error)
            self._record(asked.action, error_response(error))
            request = AwsRequest(
                action=asked.action, principal=self.principal, source=f"aws:{self.account_id}/{self.region}"
            )
            meaning = translate_error(error, request)
            if isinstance(meaning, ObservationError) and meaning.reason is Reason.DENIED:
                self._raise_if_bucket_is_foreign(asked)
            raise meaning from error

    def _raise_if_bucket_is_foreign(self, asked: _Request) -> None:
        """Tells a bucket of another account from a missing permission: S3 denies both alike.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        """
        if asked.owned is asked.parameters:
            return
        try:
            answer = self._send(asked, asked.parameters)
        except botocore_errors() as error:
            answer = error_response(error)
            if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") != _NOT_FOUND:
                return
        self._record(asked.action, answer)
        if "Body" in answer:
            answer["Body"].close()
        bucket, account = asked.parameters.get("Bucket", ""), self._session.account_id
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the bucket {bucket} belongs to another account than {account}, the declared one",
            remedy="declare the account that owns the bucket as the component's account; if nobody of the platform "
            "owns it, the bucket was deleted and its name taken: create a bucket of another name",
            source=self.source,
            action=asked.action,
        )

    def _record(self, action: str, response: Mapping[str, Any]) -> None:
        request_id = response.get("ResponseMetadata", {}).get("RequestId", "-")
        self._log.requests.append(f"{action} {request_id}")
