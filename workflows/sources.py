"""What a running exporter asks for metrics, and how it finds what nobody declared."""

from __future__ import annotations

from datetime import datetime

from basewatch.collector import Target
from basewatch.family import BlockSource
from basewatch.history.store import History
from collectors.cloudwatch.refresh import Refresher
from collectors.cloudwatch.targets import Targets
from collectors.described import Described
from workflows.spending import fixed_dollars
from workflows.verbs import Prepared


class Sources:
    """The sources of one exporter, made once from its configuration: nobody is asked yet."""

    def __init__(self, prepared: Prepared, history: History) -> None:
        """Counters go on from where `history` says that they stood."""
        config, sessions = prepared.plan.config, prepared.sessions
        fixed = fixed_dollars(prepared.plan)
        self._targets = Targets(
            collectors=prepared.plan.collectors,
            components=config.components,
            collection=config.collectors,
            accounts=sessions,
            limits=sessions.limits,
            telemetry=sessions.telemetry,
        )
        self._cloudwatch = Refresher(
            collection=config.collectors,
            targets=self.targets,
            source_of=sessions.source,
            telemetry=sessions.telemetry,
            keep=history,
            fixed_cost=lambda: fixed,
        )
        described = Described(targets=self.targets, asker=sessions.asker, telemetry=sessions.telemetry)
        self.blocks: tuple[BlockSource, ...] = (self._cloudwatch, described) if config.aws else ()

    def targets(self) -> tuple[Target, ...]:
        """What AWS is asked about now: the same until something changes."""
        return self._targets.current()

    def discover(self, at: datetime) -> None:
        """Looks for what nobody declared."""
        self._targets.discover(at)

    def close(self, at: datetime) -> None:
        """Writes down where the counters stand, so that the next start goes on from there."""
        self._cloudwatch.close(at)
