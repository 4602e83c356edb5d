"""One request to GetMetricData, without boto3: signed and sent by botocore, read by orjson in a tenth of the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, cast

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from basewatch.aws.errors import Asked, translated
from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from collectors.cloudwatch.source import MetricSource, Patience
from collectors.cloudwatch.wire import HEADERS, Page, page

ACTION = "cloudwatch:GetMetricData"

_OK = 200


class MetricDataClient:
    """Asks one account and region; threads may share it."""

    def __init__(self, source: MetricSource, patience: Patience) -> None:
        """Asks nothing yet. Raises: CouldNotLook, when the source has no endpoint or cannot sign in."""
        self._source = source
        self._patience = patience
        self._asked = Asked(action=ACTION, principal=source.principal)
        self._url = source.endpoint("cloudwatch")
        self._http = URLLib3Session(
            # A path is as good as a yes or a no here, whatever the annotation says.
            verify=cast("bool", source.trusted or True),
            timeout=(patience.connect_seconds, patience.read_seconds),
            proxies=get_environ_proxies(self._url),
        )

    def ask(self, content: bytes, requests: list[str]) -> Page:
        """One request, sent once, and noted in `requests`. Raises: CouldNotLook."""
        try:
            response = self._http.send(self._signed(content).prepare())
            status, answer = int(response.status_code), bytes(response.content)
        except BotoCoreError as error:
            requests.append(f"{ACTION} -")
            raise translated(error, self._asked) from error
        requests.append(f"{ACTION} {response.headers.get('x-amzn-RequestId', '-')}")
        if status != _OK:
            self._refuse(status, answer)
        return page(answer)

    def _signed(self, content: bytes) -> AWSRequest:
        request = AWSRequest(method="POST", url=self._url + "/", data=content, headers=dict(HEADERS))
        SigV4Auth(self._source.credentials(), "monitoring", self._source.region).add_auth(request)
        return request

    def _refuse(self, status: int, answer: bytes) -> NoReturn:
        error = translated(ClientError(_error_response(status, answer), "GetMetricData"), self._asked)
        raise error if isinstance(error, CouldNotLook) else CouldNotLook(Reason.UNSUPPORTED, str(error))


def _error_response(status: int, answer: bytes) -> Mapping[str, Any]:
    """The refusal as botocore would parse it; a load balancer may answer with HTML."""
    try:
        said = orjson.loads(answer)
    except orjson.JSONDecodeError:
        said = {}
    said = said if isinstance(said, dict) else {}
    code = str(said.get("__type", "")).rpartition("#")[2]
    message = str(said.get("message") or said.get("Message") or f"HTTP {status}")
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
