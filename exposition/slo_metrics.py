"""What Prometheus is told of the service level objectives: what is promised, over which window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basewatch.components import Slo
from basewatch.family import Block, MetricFamily, MetricType
from exposition.text_format import block

_OBJECTIVE = MetricFamily(
    name="basewatch_slo_objective_ratio",
    type=MetricType.GAUGE,
    help="The share of events that a service level objective promises to be good.",
)
_WINDOW = MetricFamily(
    name="basewatch_slo_window_seconds",
    type=MetricType.GAUGE,
    help="How long the error budget of a service level objective has to last.",
)
_THRESHOLD = MetricFamily(
    name="basewatch_slo_threshold_seconds",
    type=MetricType.GAUGE,
    help="What the p99 of a good minute is below, where a service level objective is about latency.",
)
FAMILIES = (_OBJECTIVE, _WINDOW, _THRESHOLD)


def slo_blocks(slos: Iterable[Slo]) -> Iterator[Block]:
    """What is declared of each SLO; what of it is kept can be asked of the metrics themselves."""
    known = [({"slo": slo.name, "component": slo.of, "sli": slo.sli}, slo) for slo in slos]
    yield block(_OBJECTIVE, ((labels, slo.objective) for labels, slo in known))
    yield block(_WINDOW, ((labels, slo.window.total_seconds()) for labels, slo in known))
    yield block(_THRESHOLD, ((labels, slo.below.total_seconds()) for labels, slo in known if slo.below))
