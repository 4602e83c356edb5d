"""CloudWatch as a source of metrics, without boto3: signed and sent by botocore, paced, counted, read by orjson."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from time import perf_counter
from typing import Any, NoReturn, cast

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from basewatch.aws.errors import AwsRequest, error_code, translate_error
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.cost import DOLLARS_PER_METRIC
from collectors.cloudwatch.fetch import ACTION, FetchResult, RequestFailed, fetch
from collectors.cloudwatch.limiter import RateLimits
from collectors.cloudwatch.planner import Call, count_billable
from collectors.cloudwatch.retry_policy import RetryPolicy
from collectors.cloudwatch.source import Signer
from collectors.cloudwatch.turns import CPU_LOCK
from collectors.cloudwatch.wire import HEADERS, Page, parse_page

OPERATION = "GetMetricData"
_OK = 200
# Kept open for whoever asks next; more threads than these would each connect anew.
_CONNECTIONS = 50
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


class CloudWatch:
    """The CloudWatch of one account and region, and of those that let it monitor them; threads share it."""

    def __init__(
        self, signer: Signer, rate_limits: RateLimits, retry_policy: RetryPolicy, telemetry: ExporterMetrics
    ) -> None:
        """Asks nothing yet. `rate_limits` are shared by everything that asks the same account."""
        self._signer = signer
        self._limiter = rate_limits.limiter(signer.account_id, signer.region, OPERATION)
        self._patience = retry_policy
        self._telemetry = telemetry
        self._door: tuple[str, URLLib3Session] | None = None
        self._lock = Lock()

    @property
    def account_id(self) -> str:
        """The account that is asked."""
        return self._signer.account_id

    @property
    def region(self) -> str:
        """The region that is asked."""
        return self._signer.region

    @property
    def principal(self) -> str:
        """The ARN as which it is asked. Raises: ObservationError, when signing in fails."""
        return self._signer.principal

    def fetch(self, call: Call) -> FetchResult:
        """The answers to a call, one for each query and in their order; nothing that AWS does raises."""
        return fetch(self, call, self._patience)

    def acquire(self, datapoints: int) -> float:
        """Waits until a request for so many datapoints may be made; the seconds waited."""
        waited = self._limiter.acquire(datapoints)
        self._telemetry.throttle_wait.labels(OPERATION).inc(waited)
        return waited

    def record_billed(self, call: Call, positions: Sequence[int]) -> None:
        """Counts what AWS will bill; further pages of the same answer are not billed again."""
        whole = len(positions) == len(call.queries)
        asked = call.billable_counts if whole else count_billable(call.queries[at] for at in positions)
        for collector, (queries, metrics) in asked.items():
            self._telemetry.queries.labels(collector).inc(queries)
            self._telemetry.billable_metrics.labels(collector).inc(metrics)
            self._telemetry.estimated_cost.labels(collector, "five_for_one").inc(metrics * DOLLARS_PER_METRIC)
            self._telemetry.estimated_cost.labels(collector, "per_query").inc(queries * DOLLARS_PER_METRIC)

    def send(self, content: bytes, request_log: list[str]) -> Page:
        """One request, noted in `request_log`; again, once, where the credentials had expired.

        Raises: ObservationError.
        """
        keys = self._signer.credentials()
        try:
            return self._ask(content, keys, request_log)
        except RequestFailed as refused:
            if refused.code not in _EXPIRED:
                raise
        with self._lock:
            # Only the first of many that were refused together renews what all of them use.
            if self._signer.credentials() == keys:
                self._signer.reset_credentials()
        return self._ask(content, self._signer.credentials(), request_log)

    def _ask(self, content: bytes, keys: Any, requests: list[str]) -> Page:
        url, http = self._connected()
        request = AWSRequest(method="POST", url=url, data=content, headers=dict(HEADERS))
        SigV4Auth(keys, "monitoring", self.region).add_auth(request)
        self._telemetry.requests.labels(OPERATION, self.account_id, self.region).inc()
        began = perf_counter()
        try:
            response = http.send(request.prepare())
            status, headers, answer = int(response.status_code), response.headers, bytes(response.content)
            # Botocore leaves it to its callers to see that an answer broke off.
            expected = int(headers.get("Content-Length", 0))
            if len(answer) < expected:
                raise IncompleteReadError(actual_bytes=len(answer), expected_bytes=expected)
        except BotoCoreError as error:
            requests.append(f"{ACTION} -")
            self._refuse(error)
        finally:
            self._telemetry.request_seconds.labels(OPERATION).observe(perf_counter() - began)
        requests.append(f"{ACTION} {headers.get('x-amzn-RequestId', '-')}")
        if status != _OK:
            self._refuse(ClientError(_error_response(status, answer), OPERATION), _seconds(headers.get("Retry-After")))
        with CPU_LOCK:
            return parse_page(answer)

    def _connected(self) -> tuple[str, URLLib3Session]:
        """Where to ask, and the connections that are kept open to there. Raises: ObservationError."""
        with self._lock:
            if self._door is None:
                url = self._signer.endpoint("cloudwatch") + "/"
                http = URLLib3Session(
                    # A path is as good as a yes or a no here, whatever the annotation says.
                    verify=cast("bool", self._signer.ca_bundle or True),
                    timeout=(self._patience.connect_timeout_seconds, self._patience.read_timeout_seconds),
                    proxies=get_environ_proxies(url),
                    max_pool_connections=_CONNECTIONS,
                )
                self._door = url, http
            return self._door

    def _refuse(self, error: Exception, after: float = 0.0) -> NoReturn:
        meaning = translate_error(error, AwsRequest(action=ACTION, principal=self.principal))
        reason, remedy = Reason.UNSUPPORTED, ""
        if isinstance(meaning, ObservationError):
            reason, remedy = meaning.reason, meaning.remedy
        code = error_code(error) or reason.value
        self._telemetry.request_failures.labels(OPERATION, code).inc()
        if reason is Reason.THROTTLED:
            self._limiter.record_throttle()
        raise RequestFailed(reason, str(meaning), remedy=remedy, code=code, after=after) from error


def _seconds(after: str | None) -> float:
    """How long a server wants to be left alone; a date, which none of AWS' sends, is not understood."""
    return float(after) if after and after.isdecimal() else 0.0


def _error_response(status: int, answer: bytes) -> Mapping[str, Any]:
    """The refusal as botocore would parse it; a load balancer may answer with HTML."""
    try:
        said = orjson.loads(answer)
    except orjson.JSONDecodeError:
        said = {}
    said = said if isinstance(said, dict) else {}
    code = str(said.get("__type", "")).rpartition("#")[2] or str(status)
    message = str(said.get("message") or said.get("Message") or f"HTTP {status}")
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
