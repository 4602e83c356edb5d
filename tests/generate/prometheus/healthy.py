"""A metrics page of a healthy platform: every series of every collector, and Basewatch's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from basewatch.collector import MetricSpec
from basewatch.components import Slo
from collectors import COLLECTORS
from tests.generate.prometheus.examples import FUNCTION, INSTANCE, PLACE, at, up
from tests.generate.prometheus.platform import the_platform

_ERROR_METRIC = re.compile("error|throttl|fail|expired|aborted|refused|misses|lag|pinned|deadlock|iterator_age|oldest")
_COMMIT = 0.004


def page() -> dict[str, str]:
    """Series by name and labels, more than an hour of each."""
    return dict((*_measured(), *_limits(), *_own()))


def _measured() -> Iterator[tuple[str, str]]:
    for component in the_platform().components:
        for collector in COLLECTORS:
            if isinstance(component, collector.component_type) and not isinstance(component, Slo):
                for resource, specs in collector.resources(component):
                    for spec in specs:
                        labels = (*resource.labels, *spec.labels)
                        text = ",".join((PLACE, *(f'{name}="{value}"' for name, value in labels if value)))
                        yield f"{spec.series_name}{{{text}}}", _healthy(spec)


def _healthy(spec: MetricSpec) -> str:
    if spec.is_counter:
        return at(0) if _ERROR_METRIC.search(spec.series_name) and "latency" not in spec.series_name else up(60)
    if _ERROR_METRIC.search(spec.series_name):
        return at(0)
    for part, value in (("ratio", 0.5), ("seconds", _COMMIT), ("bytes", 4e9), ("transaction_ids", 2e6), ("max_", 100)):
        if part in spec.series_name:
            return at(value)
    return at(5)


def _limits() -> Iterator[tuple[str, str]]:
    """The resource limits that services describe."""
    yield f"aws_lambda_timeout_seconds{{{FUNCTION}}}", at(30)
    yield f"aws_lambda_concurrency_limit{{{PLACE}}}", at(1000)
    yield f"aws_rds_ca_certificate_expiry_timestamp_seconds{{{INSTANCE}}}", at(1e9)


def _own() -> Iterator[tuple[str, str]]:
    yield 'up{job="basewatch",instance="here"}', at(1)
    yield 'basewatch_collector_up{collector="database"}', at(1)
    for name in [collector.name for collector in COLLECTORS]:
        labels = f'collector="{name}",{PLACE}'
        yield f"basewatch_collector_up{{{labels}}}", at(1)
        yield f"basewatch_collector_series{{{labels}}}", at(40)
        yield f"basewatch_collector_interval_seconds{{{labels}}}", at(60)
        for what in ("last_attempt", "last_success", "newest_datapoint"):
            yield f"basewatch_collector_{what}_timestamp_seconds{{{labels}}}", "0+60x5000"
        yield f"basewatch_discovery_last_success_timestamp_seconds{{{labels}}}", "0+60x5000"
    yield f"basewatch_credentials_expiry_timestamp_seconds{{{PLACE}}}", "3600+60x5000"
    yield "basewatch_run_last_success_timestamp_seconds", "0+60x5000"
    yield "basewatch_history_up", at(1)
    yield "basewatch_config_last_reload_successful", at(1)
    yield f'basewatch_api_requests_total{{api="GetMetricData",{PLACE}}}', up(3)
    yield "basewatch_collector_overruns_total", at(0)
    yield 'basewatch_tenancy_watch_up{database="shop"}', at(1)
    yield 'basewatch_database_failed_logins_total{database="shop"}', up(1)
    yield 'basewatch_finding_status{check="backup.aurora.rpo",component="aurora_cluster/main",status="PASS"}', at(1)
    yield 'basewatch_estimated_cost_dollars_total{collector="lambda",billing_model="per_query"}', up(0.001)
