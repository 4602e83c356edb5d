"""One AWS session for each account and region during a pass: its sign-in, its credentials and its boto3 clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from basewatch import __version__
from basewatch.aws.client import AwsClient
from basewatch.aws.errors import BAD_ENDPOINT, SIGN_IN, AwsRequest, botocore_errors, translate_error
from basewatch.aws.identity import botocore_session, credentials_expiry, endpoint_url, sign_in, sign_out
from basewatch.aws.one_host import as_one_host, is_one_host
from basewatch.aws.shared_answers import SharedAnswers
from basewatch.errors import ObservationError, looking_at
from basewatch.model import Reason
from basewatch.time_limit import TimeLimit, call_within

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session as CoreSession

T = TypeVar("T")

SIGN_IN_SECONDS = 30.0
"""How long a sign-in may take, with everything that it asks."""
# botocore renews from this time on.
_RENEWED_BEFORE_EXPIRY = timedelta(minutes=15)
_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_ATTEMPTS = 3
# The largest number of connections that `run.concurrency` can use at once.
_CONNECTIONS = 64


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

    def open_client(
        self, known_id: str = "", answers: SharedAnswers | None = None, *, declared: frozenset[str] = frozenset()
    ) -> AwsClient:
        """A client for one observation, which records its requests; the parameters are those of AwsClient."""
        return AwsClient(self, known_id=known_id, answers=answers, declared=declared)

    @property
    def source(self) -> str:
        """The account and region, for example `aws:123456789012/us-east-1`."""
        return f"aws:{self.account_id}/{self.region}"

    @property
    def principal(self) -> str:
        """The ARN of the principal. Raises: ObservationError, when the sign-in fails."""
        with self._lock:
            if (failure := self._sign_in_error) is not None:
                raise ObservationError(
                    failure.reason, failure.detail, remedy=failure.remedy, source=failure.source, action=failure.action
                )
            if not self._principal:
                self._principal = self._sign_in()
            return self._principal

    @property
    def signed_in(self) -> bool:
        """Whether the sign-in has succeeded; until then it is what every request waits for."""
        return bool(self._principal)

    @property
    def sign_in_failed(self) -> bool:
        """Whether the sign-in has failed; it is not repeated."""
        return self._sign_in_error is not None

    def service_client(self, service: str, region: str | None = None) -> Any:
        """The boto3 client of `service`, made once and signed as `principal`; another `region` is by request.

        Raises: ObservationError.
        """
        with self._lock:
            _ = self.principal
            name = f"{service}/{region}" if region else service
            if name not in self._clients:
                elsewhere = {"region_name": region} if region else {}
                self._clients[name] = self._make_client(service, **elsewhere)
            return self._clients[name]

    def paging(self, service: str, operation: str) -> Mapping[str, Any]:
        """How the operation is paged, in the words of botocore.paginate.Paginator."""
        paging: Mapping[str, Any] = self._botocore().get_paginator_model(service).get_paginator(operation)
        return paging

    def credentials(self) -> ReadOnlyCredentials:
        """Keys and token for signing a request, refreshed shortly before they expire. Raises: ObservationError."""
        with self._lock:
            request = AwsRequest(action="sts:AssumeRole", principal=self.principal, source=self.source)
            try:
                credentials = self._sdk().get_credentials()
                if not self._expire_soon():
                    return credentials.get_frozen_credentials()
                return self._within_time(credentials.get_frozen_credentials)
            except botocore_errors() as error:
                raise translate_error(error, request) from error

    @property
    def expires_at(self) -> datetime | None:
        """When the credentials expire unless refreshed; None before the sign-in, and for keys that do not expire."""
        # No lock: a thread that signs in holds it for the duration of the sign-in.
        core = self._core
        return credentials_expiry(core) if core is not None and self._principal else None

    def _expire_soon(self) -> bool:
        """Whether boto3 asks for new credentials at the next use."""
        expires_at = self.expires_at
        return expires_at is not None and expires_at - datetime.now(UTC) < _RENEWED_BEFORE_EXPIRY

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
            with looking_at(self.source, SIGN_IN):
                return self._within_time(
                    lambda: sign_in(
                        self._botocore(),
                        self._make_client,
                        account_id=self.account_id,
                        region=self.region,
                        role=self._role,
                    )
                )
        except ObservationError as error:
            self._sign_in_error = error
            raise

    def _within_time(self, ask: Callable[[], T]) -> T:
        """Credentials, asked for in a thread: a program, a token service or an instance that gives them may hang.

        Raises: ObservationError.
        """
        try:
            return call_within(TimeLimit.after(SIGN_IN_SECONDS), ask)
        except TimeoutError:
            raise ObservationError(
                Reason.TIMEOUT,
                f"the sign-in did not end within {SIGN_IN_SECONDS:g} s",
                remedy="check credential_process, the instance's metadata service, the network and the proxy",
                source=self.source,
                action=SIGN_IN,
            ) from None

    def _botocore(self) -> CoreSession:
        """The botocore session, which finds credentials and configuration. Raises: ObservationError."""
        if self._core is None:
            request = AwsRequest(action=SIGN_IN, principal="the caller", source=self.source)
            try:
                self._core = botocore_session(self._environ)
            except botocore_errors() as error:
                raise translate_error(error, request) from error
        return self._core

    def _sdk(self) -> Session:
        """The boto3 session, which makes the clients."""
        if self._boto3 is None:
            from boto3.session import Session  # noqa: PLC0415  # boto3 takes 0.3 s to import, which --help has not

            self._boto3 = Session(botocore_session=self._botocore(), region_name=self.region)
        return self._boto3

    def _make_client(self, service: str, **keys: Any) -> Any:
        """A boto3 client. Raises: ObservationError, when the environment has a setting that boto3 cannot use."""
        from botocore.config import Config  # noqa: PLC0415  # boto3 takes 0.3 s to import

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
            user_agent_extra=f"basewatch/{__version__}",
        )
        try:
            url = endpoint_url(self._botocore(), self._environ, service)
            client = self._sdk().client(service, config=config, endpoint_url=url, verify=self.ca_bundle, **keys)
            return as_one_host(client) if url and is_one_host(url) else client
        except botocore_errors() as error:
            action = SIGN_IN if service == "sts" else f"{service}:*"
            request = AwsRequest(action=action, principal=self._principal, source=self.source)
            raise translate_error(error, request, BAD_ENDPOINT) from error
