"""What a running exporter asks: every source of blocks, and the targets that discovery finds for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from basewatch.collector import Target
from basewatch.family import BlockSource
from basewatch.history.store import History
from workflows.verbs import Prepared


class Sources:
    """The sources of one exporter, made once from its configuration."""

    def __init__(self, prepared: Prepared, history: History) -> None:
        self.blocks: tuple[BlockSource, ...] = ()

    def targets(self) -> Sequence[Target]:
        """What CloudWatch is asked about now."""
        return ()

    def discover(self, at: datetime) -> None:
        """Looks for what nobody declared."""

    def close(self) -> None:
        """Writes down what the next start goes on from."""
