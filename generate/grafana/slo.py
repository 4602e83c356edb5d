"""The dashboard of service level objectives: the error budget left, and its burn rate."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row, Variable

_THIS = 'slo=~"$slo"'
_WINDOWS = ("5m", "1h", "6h", "3d")


def dashboard(config: Config) -> Dashboard:
    """The panels read the recording rules of `basewatch generate rules`."""
    return Dashboard(
        uid="basewatch-slo",
        title=f"{config.platform.name} objectives",
        description="Error budgets of the declared service level objectives.",
        variables=(Variable(name="slo", label="Objective", query="slo:objective:ratio, slo"),),
        rows=(
            Row(
                title="Budgets",
                panels=(
                    Panel(
                        title="Error budget left",
                        kind="stat",
                        unit="percentunit",
                        width=12,
                        red_below=0.1,
                        queries=(PanelQuery(expr=f"slo:error_budget_left:ratio{{{_THIS}}}", legend="{{slo}}"),),
                    ),
                    Panel(
                        title="Highest burn rates",
                        kind="table",
                        width=12,
                        red_above=6,
                        queries=(PanelQuery(expr=f"topk(10, {_burn('1h')})"),),
                        description="Over the last hour; 1 uses exactly the budget.",
                    ),
                ),
            ),
            Row(
                title="Burn rate by window",
                panels=tuple(
                    Panel(
                        title=f"Over {window}",
                        width=12,
                        queries=(
                            PanelQuery(expr=_burn(window), legend="{{slo}}"),
                            PanelQuery(expr="vector(1)", legend="uses exactly the budget", limit=True),
                        ),
                    )
                    for window in _WINDOWS
                ),
            ),
        ),
    )


def _burn(window: str) -> str:
    bad, budget = f"slo:bad_events:ratio_rate{window}{{{_THIS}}}", f"slo:error_budget:ratio{{{_THIS}}}"
    return f"{bad} / on (slo) group_left () {budget}"
