"""What a running exporter asks for metrics, and how it finds what nobody declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from basewatch.collector import MetricTarget
from basewatch.components import Database
from basewatch.family import BlockSource
from basewatch.history.store import History
from basewatch.postgres import DatabaseClient
from basewatch.postgres import Endpoints, connect
from collectors.cloudwatch.discovery.targets import Targets
from collectors.cloudwatch.refresh import Refresher
from collectors.database import DatabaseMetrics
from collectors.resource_limits import ResourceLimits
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan
from workflows.cost import fixed_monthly_cost


class MetricSources:
    """The sources of one exporter, made once from its configuration: nobody is asked yet."""

    def __init__(self, prepared: PreparedPlan, history: History) -> None:
        """Counters go on from where `history` says that they stood."""
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
        described = ResourceLimits(targets=self._own, aws_client=sessions.aws_client, telemetry=sessions.telemetry)
        databases = DatabaseMetrics(
            databases=config.components.databases,
            connect=partial(_opened, sessions),
            telemetry=sessions.telemetry,
            interval=config.collectors.every,
            row_count_interval=config.collectors.slow,
            max_staleness=config.collectors.hold,
        )
        in_aws: tuple[BlockSource, ...] = (self._cloudwatch, described) if config.aws else ()
        self.block_sources: tuple[BlockSource, ...] = (*in_aws, databases)

    def targets(self) -> tuple[MetricTarget, ...]:
        """What AWS is asked about now: the same until something changes."""
        return self._targets.current()

    def _own(self) -> tuple[MetricTarget, ...]:
        """The targets of accounts that are asked themselves: no role of the others is there to be assumed."""
        return tuple(
            each for each in self.targets() if self._sessions.monitoring_account(each.account_id) == each.account_id
        )

    def discover(self, at: datetime) -> None:
        """Looks for what nobody declared."""
        self._targets.discover(at)

    def close(self, at: datetime) -> None:
        """Writes down where the counters stand, so that the next start goes on from there."""
        self._cloudwatch.close(at)


@contextmanager
def _opened(sessions: AwsSessions, database: Database) -> Iterator[DatabaseClient]:
    """The writer, where the sessions and transactions are that hold others up."""
    with connect(Endpoints(writer=partial(sessions.secret, database.url)), run="metrics") as client:
        yield client
