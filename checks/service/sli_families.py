"""The metrics that an objective is computed from, by its indicator and the kind of its component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from basewatch.components import Slo

_EVENTS = {"api": "aws_apigateway_requests_total", "function": "aws_lambda_invocations_total"}
_BAD = {"api": "aws_apigateway_server_errors_total", "function": "aws_lambda_errors_total"}
_LATENCY = {"api": "aws_apigateway_latency_seconds", "function": "aws_lambda_duration_seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SliFamilies:
    """The family of all events, and that of the bad ones or of the latency with its quantile.

    `bad_are_apart` where the bad events are not among all: both together are the events.
    """

    events: str
    bad: str = ""
    latency: str = ""
    quantile: str = ""
    bad_are_apart: bool = False

    @property
    def past(self) -> frozenset[str]:
        """The families that show how much of the objective's window was good."""
        return frozenset({self.latency} if self.latency else {self.events, self.bad})


def sli_families(slo: Slo) -> SliFamilies:
    """The families of an objective."""
    kind = slo.of.partition("/")[0]
    match slo.sli:
        case "throttling":
            # The latency metrics do not count throttled requests.
            return SliFamilies(
                events="aws_dynamodb_request_latency_seconds_count",
                bad="aws_dynamodb_throttled_requests_total",
                bad_are_apart=True,
            )
        case "latency":
            return SliFamilies(events=_EVENTS[kind], latency=_LATENCY[kind], quantile="0.99")
        case "availability":
            return SliFamilies(events=_EVENTS[kind], bad=_BAD[kind])
        case _:
            assert_never(slo.sli)
