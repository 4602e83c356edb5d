"""The exporter's metrics about itself: freshness, requests, cost."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from basewatch import __version__

_PLACE = ("collector", "aws_account_id", "aws_region")
# Otherwise every counter would have a second series with its creation time.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own gap


class ExporterMetrics:
    """All self-monitoring metrics on one registry. Thread-safe. Account and region are empty outside AWS."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.up = Gauge(
            "basewatch_collector_up",
            "1 when the collector's last refresh fetched everything it requested, else 0.",
            _PLACE,
            registry=registry,
        )
        self.refresh_seconds = Gauge(
            "basewatch_collector_refresh_duration_seconds",
            "Duration of the last refresh of the collector.",
            _PLACE,
            registry=registry,
        )
        self.last_success = Gauge(
            "basewatch_collector_last_success_timestamp_seconds",
            "When a refresh last fetched everything the collector requested.",
            _PLACE,
            registry=registry,
        )
        self.last_attempt = Gauge(
            "basewatch_collector_last_attempt_timestamp_seconds",
            "When the collector was last refreshed, whatever the result.",
            _PLACE,
            registry=registry,
        )
        self.interval_seconds = Gauge(
            "basewatch_collector_interval_seconds",
            "How often the collector is refreshed: the shortest interval of its series, lengthened to keep the budget.",
            _PLACE,
            registry=registry,
        )
        self.newest_datapoint = Gauge(
            "basewatch_collector_newest_datapoint_timestamp_seconds",
            "End of the newest period that the collector has a datapoint of.",
            _PLACE,
            registry=registry,
        )
        self.series = Gauge("basewatch_collector_series", "Series exported now.", _PLACE, registry=registry)
        self.stale_series = Gauge(
            "basewatch_collector_stale_series",
            "Series whose last request failed: they keep their last value, or have expired.",
            _PLACE,
            registry=registry,
        )
        self.dropped_series = Counter(
            "basewatch_series_dropped_total",
            "Series removed or incomplete, by reason: expired, gone, duplicate, limit or gap.",
            ("collector", "reason"),
            registry=registry,
        )
        self.overruns = Counter(
            "basewatch_collector_overruns_total",
            "Refreshes skipped because the previous one was still running.",
            registry=registry,
        )
        self.late_datapoints = Counter(
            "basewatch_collector_late_datapoints_total",
            "Periods that had no datapoint at the first read and got one later.",
            ("collector",),
            registry=registry,
        )
        self.corrections = Counter(
            "basewatch_collector_corrections_total",
            "Datapoints that CloudWatch changed after the first read; lower values are counted here and ignored.",
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
            "Requests that were rejected or not answered, by API and error code.",
            ("api", "code"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "basewatch_api_request_duration_seconds",
            "Duration of requests, by API.",
            ("api",),
            buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.throttle_wait = Counter(
            "basewatch_api_throttle_wait_seconds_total",
            "Time spent waiting for the rate limits of an API.",
            ("api",),
            registry=registry,
        )
        self.queries = Counter(
            "basewatch_metric_queries_total", "Queries sent to CloudWatch.", ("collector",), registry=registry
        )
        self.billable_metrics = Counter(
            "basewatch_billable_metrics_total",
            "Metrics requested from CloudWatch; up to five statistics of a metric are billed as one.",
            ("collector",),
            registry=registry,
        )
        self.estimated_cost = Counter(
            "basewatch_estimated_cost_dollars_total",
            "Estimated cost of CloudWatch requests at list price; billing_model is five_for_one or per_query.",
            ("collector", "billing_model"),
            registry=registry,
        )
        self.budget_used = Gauge(
            "basewatch_budget_used_ratio",
            "Forecast cost of a month divided by the budget, by billing_model; absent without a budget.",
            ("billing_model",),
            registry=registry,
        )
        self.tier_seconds = Gauge(
            "basewatch_tier_interval_seconds",
            "Refresh interval of a tier; state is `configured` or, as lengthened to keep the budget, `effective`.",
            ("tier", "state"),
            registry=registry,
        )
        self.known_resources = Gauge(
            "basewatch_discovery_resources",
            "Collected resources, by how they became known: declared or discovered.",
            ("collector", "by"),
            registry=registry,
        )
        self.idle_resources = Gauge(
            "basewatch_discovery_idle_resources",
            "Discovered resources without recent activity, of which only the activity metric is requested.",
            ("collector",),
            registry=registry,
        )
        self.discovery_success = Gauge(
            "basewatch_discovery_last_success_timestamp_seconds",
            "When a discovery last completed without errors.",
            _PLACE,
            registry=registry,
        )
        self.credentials_expiry = Gauge(
            "basewatch_credentials_expiry_timestamp_seconds",
            "When the credentials of an account expire; absent when they do not.",
            ("aws_account_id", "aws_region"),
            registry=registry,
        )
        self.notification_failures = Counter(
            "basewatch_notification_failures_total",
            "Messages that a notification channel did not accept.",
            ("channel",),
            registry=registry,
        )
        self.notifications = Counter(
            "basewatch_notifications_total",
            "Notifications by what a delivery made of them: delivered, retried, refused or dropped with their channel.",
            ("channel", "outcome"),
            registry=registry,
        )
        self.reload_successful = Gauge(
            "basewatch_config_last_reload_successful",
            "1 when the last attempt to load the configuration succeeded; 0 while an earlier one stays in use.",
            registry=registry,
        )
        # Whoever exports metrics has loaded a configuration.
        self.reload_successful.set(1)
        self.reload_success = Gauge(
            "basewatch_config_last_reload_success_timestamp_seconds",
            "When the configuration that is in use was loaded.",
            registry=registry,
        )
        self.clock_steps = Counter(
            "basewatch_clock_steps_total",
            "How often the wall clock was set by a minute or more, by direction: back or forward.",
            ("direction",),
            registry=registry,
        )
        self.build = Gauge(
            "basewatch_build_info", "The version of Basewatch, always 1.", ("version",), registry=registry
        )
        self.build.labels(__version__).set(1)

    def forget_places(self) -> None:
        """Removes every gauge of a collector, an account or a channel: the next configuration may not have it."""
        for metric in vars(self).values():
            if isinstance(metric, Gauge) and metric is not self.build:
                metric.clear()
