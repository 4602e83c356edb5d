"""The sources of a running exporter: CloudWatch, resource limits and databases; and the discovery of resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from basewatch.collector import MetricTarget
from basewatch.components import Database
from basewatch.family import BlockSource
from basewatch.history.store import History
from basewatch.postgres import DatabaseClient, Endpoints, connect
from collectors.cloudwatch.discovery.targets import Targets
from collectors.cloudwatch.refresh import Refresher
from collectors.database import DatabaseMetrics
from collectors.resource_limits import ResourceLimits
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan
from workflows.cost import fixed_monthly_cost


class MetricSources:
    """The sources of one exporter. Building them sends no request."""

    def __init__(self, prepared: PreparedPlan, history: History) -> None:
        """Counters continue from their values in `history`."""
        config, sessions = prepared.plan.config, prepared.sessions
        fixed = fixed_monthly_cost(prepared.plan)
        self._sessions = sessions
        self._targets = Targets(
            collectors=prepared.plan.collectors,
            components=config.components,
            collection=config.collectors,
            accounts=sessions,
            rate_limits=sessions.rate_limits,
            telemetry=sessions.telemetry,
        )
        self._cloudwatch = Refresher(
            collection=config.collectors,
            targets=self.targets,
            source_of=sessions.metric_source,
            telemetry=sessions.telemetry,
            counter_store=history,
            fixed_dollars=lambda: fixed,
        )
        described = ResourceLimits(
            targets=self._direct_targets, aws_client=sessions.aws_client, telemetry=sessions.telemetry
        )
        databases = DatabaseMetrics(
            databases=config.components.databases,
            connect=partial(_connect_to_writer, sessions),
            telemetry=sessions.telemetry,
            interval=config.collectors.standard,
            row_count_interval=config.collectors.slow,
            max_staleness=config.collectors.max_staleness,
        )
        in_aws: tuple[BlockSource, ...] = (self._cloudwatch, described) if config.aws else ()
        self.block_sources: tuple[BlockSource, ...] = (*in_aws, databases)

    def targets(self) -> tuple[MetricTarget, ...]:
        """The resources that AWS is asked about now: the same object until they change."""
        return self._targets.current()

    def _direct_targets(self) -> tuple[MetricTarget, ...]:
        """The targets in accounts whose role Basewatch assumes, not those seen through a monitoring account."""
        return tuple(
            each for each in self.targets() if self._sessions.monitoring_account(each.account_id) == each.account_id
        )

    def discover(self, at: datetime) -> None:
        """Discovers resources that are not declared."""
        self._targets.discover(at)

    def close(self, at: datetime) -> None:
        """Saves the counters, so that the next start continues from them."""
        self._cloudwatch.close(at)


@contextmanager
def _connect_to_writer(sessions: AwsSessions, database: Database) -> Iterator[DatabaseClient]:
    """A connection to the writer: long sessions and transactions that block others are there."""
    with connect(Endpoints(writer=partial(sessions.secret, database.url)), run="metrics") as client:
        yield client
