"""Calls AWS: one session for each account and region during a pass, and one client for each observation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from basewatch import __version__
from basewatch.aws.actions import iam_action
from basewatch.aws.errors import AwsRequest, botocore_errors, error_code, error_response, translate_error
from basewatch.aws.identity import botocore_session, credentials_expiry, endpoint_url, sign_in, sign_out
from basewatch.aws.response import required
from basewatch.errors import ObservationError
from basewatch.model import Reason

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session as CoreSession

_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_ATTEMPTS = 3
# The largest number of connections that `run.concurrency` can use at once.
_CONNECTIONS = 64
_CHUNK_BYTES = 1 << 20


class AwsSession:
    """One account and region, used as one principal during a pass; it is thread-safe.

    It calls AWS on first use. A failed sign-in is not repeated in the same pass.
    """

    def __init__(
        self, account_id: str, region: str, role: str | None, environ: Mapping[str, str], session: Any
    ) -> None:
        self.account_id = account_id
        self.region = region
        self._role = role
        self._environ = environ
        self._core: CoreSession | None = session
        self._boto3: Session | None = None
        self._clients: dict[str, Any] = {}
        self._principal = ""
        self._sign_in_error: ObservationError | None = None
        self._lock = RLock()

    @classmethod
    def open(
        cls, account_id: str, region: str, role: str | None, *, environ: Mapping[str, str], session: Any = None
    ) -> AwsSession:
        """A session that assumes `role` of the account, unless it is None or the caller already is that role.

        Credentials and endpoints are read from `environ` as boto3 reads them from the process: AWS_ACCESS_KEY_ID,
        AWS_PROFILE, AWS_ENDPOINT_URL and related variables. `session` replaces the botocore session under boto3's.
        """
        return cls(account_id, region, role, environ, session)

    def open_client(self) -> AwsClient:
        """A client for one observation, which records its requests."""
        return AwsClient(self)

    @property
    def principal(self) -> str:
        """The ARN of the principal. Raises: ObservationError, when the sign-in fails."""
        with self._lock:
            if self._sign_in_error is not None:
                raise ObservationError(
                    self._sign_in_error.reason, self._sign_in_error.detail, remedy=self._sign_in_error.remedy
                )
            if not self._principal:
                self._principal = self._sign_in()
            return self._principal

    @property
    def sign_in_failed(self) -> bool:
        """Whether the sign-in has failed; it is not repeated."""
        return self._sign_in_error is not None

    def service_client(self, service: str) -> Any:
        """The boto3 client of `service`, made once and signed as `principal`. Raises: ObservationError."""
        with self._lock:
            _ = self.principal
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def credentials(self) -> ReadOnlyCredentials:
        """Keys and token for signing a request, refreshed shortly before they expire. Raises: ObservationError."""
        with self._lock:
            request = AwsRequest(action="sts:AssumeRole", principal=self.principal)
            try:
                return self._sdk().get_credentials().get_frozen_credentials()
            except botocore_errors() as error:
                raise translate_error(error, request) from error

    @property
    def expires_at(self) -> datetime | None:
        """When the credentials expire unless refreshed; None before the sign-in, and for keys that do not expire."""
        # No lock: a thread that signs in holds it for the duration of the sign-in.
        core = self._core
        return credentials_expiry(core) if core is not None and self._principal else None

    def reset_credentials(self) -> None:
        """Signs out, so that the next request signs in again: for credentials that AWS no longer accepts."""
        with self._lock:
            sign_out(self._botocore())
            self._clients, self._principal = {}, ""

    def endpoint(self, service: str) -> str:
        """The endpoint URL of `service` without a trailing slash. Raises: ObservationError."""
        return str(self.service_client(service).meta.endpoint_url).rstrip("/")

    @property
    def ca_bundle(self) -> str | None:
        """The file of certificates to trust, as boto3 finds it; None means the certificates that botocore brings."""
        named = self._environ.get("AWS_CA_BUNDLE") or self._botocore().get_config_variable("ca_bundle")
        return str(named) if named else None

    def _sign_in(self) -> str:
        try:
            return sign_in(
                self._botocore(), self._make_client, account_id=self.account_id, region=self.region, role=self._role
            )
        except ObservationError as error:
            self._sign_in_error = error
            raise

    def _botocore(self) -> CoreSession:
        """The botocore session, which finds credentials and configuration."""
        if self._core is None:
            self._core = botocore_session(self._environ)
        return self._core

    def _sdk(self) -> Session:
        """The boto3 session, which makes the clients."""
        if self._boto3 is None:
            from boto3.session import Session  # noqa: PLC0415  # boto3 takes 0.3 s to import, which --help has not

            self._boto3 = Session(botocore_session=self._botocore(), region_name=self.region)
        return self._boto3

    def _make_client(self, service: str, **keys: Any) -> Any:
        from botocore.config import Config  # noqa: PLC0415  # boto3 takes 0.3 s to import

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
            user_agent_extra=f"basewatch/{__version__}",
        )
        url = endpoint_url(self._botocore(), self._environ, service)
        try:
            return self._sdk().client(service, config=config, endpoint_url=url, verify=self.ca_bundle, **keys)
        except ValueError as error:
            raise ObservationError(Reason.UNREACHABLE, str(error), remedy="correct AWS_ENDPOINT_URL") from error


class AwsClient:
    """The AWS calls of one observation; each is recorded as `<IAM action> <request id>`."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self._requests: list[str] = []

    @property
    def source(self) -> str:
        """The account and region, for example `aws:123456789012/us-east-1`."""
        return f"aws:{self._session.account_id}/{self._session.region}"

    @property
    def principal(self) -> str:
        """The ARN of the principal. Raises: ObservationError, when the sign-in fails."""
        return self._session.principal

    @property
    def requests(self) -> tuple[str, ...]:
        """Every call so far, in order; the id of a request without an answer is `-`."""
        return tuple(self._requests)

    def call(
        self, service: str, operation: str, *, accepted_errors: tuple[str, ...] = (), **parameters: Any
    ) -> dict[str, Any]:
        """The answer to one call; `operation` is the API's name, for example `DescribeDBClusters`.

        An error code in `accepted_errors` is returned as an answer that holds only the error: see `accepted_error`.
        Raises: ObservationError; NotFoundError, when AWS reports that the resource does not exist.
        """
        from botocore import xform_name  # noqa: PLC0415  # botocore takes 0.3 s to import

        method = getattr(self._session.service_client(service), xform_name(operation))
        action = iam_action(service, operation, parameters)
        answer: dict[str, Any] = self._answer(action, lambda: method(**parameters), accepted_errors)
        return answer

    def pages(
        self, service: str, operation: str, *, limit: int | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The pages of a listing, requested one by one, at most `limit` of them.

        Raises: ObservationError or NotFoundError at the page that fails, so that a part never counts as the whole.
        """
        from botocore import xform_name  # noqa: PLC0415  # botocore takes 0.3 s to import

        pages = iter(self._session.service_client(service).get_paginator(xform_name(operation)).paginate(**parameters))
        action = iam_action(service, operation, parameters)
        for _ in count() if limit is None else range(limit):
            page = self._answer(action, lambda: next(pages, None))
            if page is None:
                return
            yield page

    def body_chunks(self, service: str, operation: str, **parameters: Any) -> Iterator[bytes]:
        """The body of one answer, such as GetObject's, in chunks of at most 1 MiB; S3's checksum is verified.

        Raises: ObservationError, also when the body is truncated.
        """
        body = required(self.call(service, operation, **parameters), "Body", kind=object)
        action = iam_action(service, operation, parameters)
        with closing(cast("BinaryIO", body)) as stream:
            while chunk := self._translating(action, lambda: stream.read(_CHUNK_BYTES)):
                yield chunk

    def _answer(self, action: str, send: Callable[[], Any], accepted_errors: tuple[str, ...] = ()) -> Any:
        response = self._translating(action, send, accepted_errors)
        if response is not None:
            self._record(action, response)
        return response

    def _translating(self, action: str, send: Callable[[], Any], accepted_errors: tuple[str, ...] = ()) -> Any:
        try:
            return send()
        except botocore_errors() as error:
            if error_code(error) in accepted_errors:
                return error_response(error)
            self._record(action, error_response(error))
            raise translate_error(error, AwsRequest(action=action, principal=self.principal)) from error

    def _record(self, action: str, response: Mapping[str, Any]) -> None:
        request_id = response.get("ResponseMetadata", {}).get("RequestId", "-")
        self._requests.append(f"{action} {request_id}")
