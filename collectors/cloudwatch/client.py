"""The GetMetricData client: botocore signs and sends, orjson parses; requests are rate-limited and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from time import perf_counter
from typing import Any, NoReturn, cast

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, IncompleteReadError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from basewatch.aws.errors import AwsRequest, botocore_errors, error_code, translate_error
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from basewatch.time_limit import TimeLimit, limited
from collectors.cloudwatch.cost import DOLLARS_PER_METRIC
from collectors.cloudwatch.fetch import FetchResult, RequestFailed, fetch
from collectors.cloudwatch.planner import Call, count_billable
from collectors.cloudwatch.query_answer import ACTION
from collectors.cloudwatch.source import Signer
from collectors.cloudwatch.throttling import RateLimits, RetryPolicy
from collectors.cloudwatch.wire import HEADERS, Page, parse_page
from collectors.cloudwatch.workers import CPU_LOCK

OPERATION = "GetMetricData"
_OK = 200
# Idle connections kept open; additional threads open connections of their own.
_CONNECTIONS = 50
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


class CloudWatch:
    """CloudWatch of one account and region, including the accounts it monitors. Thread-safe."""

    def __init__(
        self, signer: Signer, rate_limits: RateLimits, retry_policy: RetryPolicy, telemetry: ExporterMetrics
    ) -> None:
        """Sends no request yet. All clients of the same account and region share `rate_limits`."""
        self._signer = signer
        self._limiter = rate_limits.limiter(signer.account_id, signer.region, OPERATION)
        self._retry_policy = retry_policy
        self._telemetry = telemetry
        self._connection: tuple[str, URLLib3Session] | None = None
        self._lock = Lock()

    @property
    def account_id(self) -> str:
        """The account that receives the requests."""
        return self._signer.account_id

    @property
    def region(self) -> str:
        """The region that receives the requests."""
        return self._signer.region

    @property
    def principal(self) -> str:
        """The ARN that signs the requests. Raises: ObservationError, when signing in fails."""
        return self._signer.principal

    def fetch(self, call: Call) -> FetchResult:
        """One answer for each query, in the order of the queries. AWS errors are returned, not raised."""
        return fetch(self, call, self._retry_policy)

    def acquire(self, datapoints: int) -> float:
        """Waits until the rate limits allow a request for that many datapoints; returns the seconds waited."""
        waited = self._limiter.acquire(datapoints)
        self._telemetry.throttle_wait.labels(OPERATION).inc(waited)
        return waited

    def record_billed(self, call: Call, positions: Sequence[int]) -> None:
        """Counts what AWS bills; further pages of the same response are free."""
        complete = len(positions) == len(call.queries)
        counts = call.billable_counts if complete else count_billable(call.queries[at] for at in positions)
        for collector, (queries, metrics) in counts.items():
            self._telemetry.queries.labels(collector).inc(queries)
            self._telemetry.billable_metrics.labels(collector).inc(metrics)
            self._telemetry.estimated_cost.labels(collector, "five_for_one").inc(metrics * DOLLARS_PER_METRIC)
            self._telemetry.estimated_cost.labels(collector, "per_query").inc(queries * DOLLARS_PER_METRIC)

    def send(self, content: bytes, request_log: list[str]) -> Page:
        """Sends one request and notes it in `request_log`; sends it once more when the credentials had expired.

        Raises: ObservationError.
        """
        credentials = self._signer.credentials()
        try:
            return self._send_once(content, credentials, request_log)
        except RequestFailed as failure:
            if failure.code not in _EXPIRED:
                raise
        with self._lock:
            # Of several threads that failed together, only the first resets the shared credentials.
            if self._signer.credentials() == credentials:
                self._signer.reset_credentials()
        return self._send_once(content, self._signer.credentials(), request_log)

    def _send_once(self, content: bytes, credentials: Any, requests: list[str]) -> Page:
        self._telemetry.requests.labels(OPERATION, self.account_id, self.region).inc()
        started = perf_counter()
        try:
            url, http = self._connected()
            request = AWSRequest(method="POST", url=url, data=content, headers=dict(HEADERS))
            SigV4Auth(credentials, "monitoring", self.region).add_auth(request)
            with limited(TimeLimit.after(self._retry_policy.read_timeout_seconds)):
                response = http.send(request.prepare())
            status, headers, answer = int(response.status_code), response.headers, bytes(response.content)
            # Botocore does not check whether a response was truncated.
            expected = int(headers.get("Content-Length", 0))
            if len(answer) < expected:
                raise IncompleteReadError(actual_bytes=len(answer), expected_bytes=expected)
        except botocore_errors() as error:
            requests.append(f"{ACTION} -")
            self._fail(error)
        finally:
            self._telemetry.request_seconds.labels(OPERATION).observe(perf_counter() - started)
        requests.append(f"{ACTION} {headers.get('x-amzn-RequestId', '-')}")
        if status != _OK:
            self._fail(ClientError(_error_response(status, answer), OPERATION), _seconds(headers.get("Retry-After")))
        with CPU_LOCK:
            return parse_page(answer)

    def _connected(self) -> tuple[str, URLLib3Session]:
        """The endpoint and its connection pool. Raises: ObservationError."""
        with self._lock:
            if self._connection is None:
                url = self._signer.endpoint("cloudwatch") + "/"
                http = URLLib3Session(
                    # The annotation says bool, but a path is valid as well.
                    verify=cast("bool", self._signer.ca_bundle or True),
                    timeout=(self._retry_policy.connect_timeout_seconds, self._retry_policy.read_timeout_seconds),
                    proxies=get_environ_proxies(url),
                    max_pool_connections=_CONNECTIONS,
                )
                self._connection = url, http
            return self._connection

    def _fail(self, error: Exception, retry_after: float = 0.0) -> NoReturn:
        meaning = translate_error(error, AwsRequest(action=ACTION, principal=self.principal))
        reason, remedy = Reason.UNSUPPORTED, ""
        if isinstance(meaning, ObservationError):
            reason, remedy = meaning.reason, meaning.remedy
        code = error_code(error) or reason.value
        self._telemetry.request_failures.labels(OPERATION, code).inc()
        if reason is Reason.THROTTLED:
            self._limiter.record_throttle()
        raise RequestFailed(reason, str(meaning), remedy=remedy, code=code, retry_after=retry_after) from error


def _seconds(retry_after: str | None) -> float:
    """The seconds of a Retry-After header; the date form, which AWS does not send, counts as 0."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def _error_response(status: int, answer: bytes) -> Mapping[str, Any]:
    """The error in the form that botocore parses; a load balancer may answer with HTML."""
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        body = {}
    body = body if isinstance(body, dict) else {}
    code = str(body.get("__type", "")).rpartition("#")[2] or str(status)
    message = str(body.get("message") or body.get("Message") or f"HTTP {status}")
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
