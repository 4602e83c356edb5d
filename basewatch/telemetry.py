"""What a running exporter says of itself: how it is doing, what it asked, and what that costs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from basewatch import __version__

_PLACE = ("collector", "aws_account_id", "aws_region")
# Without these, every counter would have a second series that says when it began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own gap


class ExporterMetrics:
    """Every metric of its own, on one registry; threads share it. An account and a region are empty outside AWS."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.up = Gauge(
            "basewatch_collector_up",
            "1 when the collector's last refresh got everything it asked for, else 0.",
            _PLACE,
            registry=registry,
        )
        self.refresh_seconds = Gauge(
            "basewatch_collector_refresh_duration_seconds",
            "How long the last refresh took that the collector was part of.",
            _PLACE,
            registry=registry,
        )
        self.last_success = Gauge(
            "basewatch_collector_last_success_timestamp_seconds",
            "When a refresh last got everything the collector asked for.",
            _PLACE,
            registry=registry,
        )
        self.last_attempt = Gauge(
            "basewatch_collector_last_attempt_timestamp_seconds",
            "When the collector was last refreshed, whatever came of it.",
            _PLACE,
            registry=registry,
        )
        self.newest_datapoint = Gauge(
            "basewatch_collector_newest_datapoint_timestamp_seconds",
            "The end of the newest period that the collector has any datapoint of.",
            _PLACE,
            registry=registry,
        )
        self.series = Gauge("basewatch_collector_series", "Series that are shown now.", _PLACE, registry=registry)
        self.stale_series = Gauge(
            "basewatch_collector_stale_series",
            "Series that the last refresh could not get: they hold what they last were, or are left out by now.",
            _PLACE,
            registry=registry,
        )
        self.dropped_series = Counter(
            "basewatch_series_dropped_total",
            "Series taken off the page because they had not been got for too long, or their resource is gone.",
            ("collector", "reason"),
            registry=registry,
        )
        self.overruns = Counter(
            "basewatch_collector_overruns_total",
            "Refreshes left out because the one before was still running.",
            registry=registry,
        )
        self.late_datapoints = Counter(
            "basewatch_collector_late_datapoints_total",
            "Periods that had no datapoint when they were first asked for, and got one later.",
            ("collector",),
            registry=registry,
        )
        self.corrections = Counter(
            "basewatch_collector_corrections_total",
            "Datapoints that CloudWatch changed after they were first read; a smaller value is ignored, and counted.",
            ("collector", "direction"),
            registry=registry,
        )
        self.requests = Counter(
            "basewatch_api_requests_total",
            "Requests sent, by API.",
            ("api", "aws_account_id", "aws_region"),
            registry=registry,
        )
        self.request_failures = Counter(
            "basewatch_api_request_failures_total",
            "Requests that were refused or not answered, by API and code.",
            ("api", "code"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "basewatch_api_request_duration_seconds",
            "How long requests took.",
            ("api",),
            buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.throttle_wait = Counter(
            "basewatch_api_throttle_wait_seconds_total",
            "Time spent waiting for the limits of an API, so as not to be throttled.",
            ("api",),
            registry=registry,
        )
        self.queries = Counter(
            "basewatch_metric_queries_total", "Queries that CloudWatch was asked.", ("collector",), registry=registry
        )
        self.billable_metrics = Counter(
            "basewatch_billable_metrics_total",
            "Metrics that CloudWatch was asked for: up to five statistics of one are billed as one.",
            ("collector",),
            registry=registry,
        )
        self.estimated_cost = Counter(
            "basewatch_estimated_cost_dollars_total",
            "What was asked of CloudWatch, at its list price; reading is five_for_one or per_query.",
            ("collector", "reading"),
            registry=registry,
        )
        self.budget_used = Gauge(
            "basewatch_budget_used_ratio",
            "What the forecast month costs in that reading, as a share of the budget; absent without one.",
            ("reading",),
            registry=registry,
        )
        self.tier_seconds = Gauge(
            "basewatch_tier_interval_seconds",
            "How often a tier is refreshed now; `configured` is what the configuration asks for.",
            ("tier", "which"),
            registry=registry,
        )
        self.known_resources = Gauge(
            "basewatch_discovery_resources",
            "Resources that are asked about, by how they became known: declared, or discovered.",
            ("collector", "by"),
            registry=registry,
        )
        self.idle_resources = Gauge(
            "basewatch_discovery_idle_resources",
            "Resources known of that had no activity lately, so that little is asked of them.",
            ("collector",),
            registry=registry,
        )
        self.discovery_success = Gauge(
            "basewatch_discovery_last_success_timestamp_seconds",
            "When a discovery last got everything it asked for.",
            _PLACE,
            registry=registry,
        )
        self.credentials_expiry = Gauge(
            "basewatch_credentials_expiry_timestamp_seconds",
            "When the credentials of an account expire; absent where they do not.",
            ("aws_account_id", "aws_region"),
            registry=registry,
        )
        self.notification_failures = Counter(
            "basewatch_notification_failures_total",
            "Messages that a channel did not take.",
            ("channel",),
            registry=registry,
        )
        self.build = Gauge(
            "basewatch_build_info", "The version of Basewatch, always 1.", ("version",), registry=registry
        )
        self.build.labels(__version__).set(1)
