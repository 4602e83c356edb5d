"""The dashboard of objectives: how much of each error budget is left, and how fast it is being spent."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row, Variable

_THIS = 'slo=~"$slo"'
_WINDOWS = ("5m", "1h", "6h", "3d")


def dashboard(config: Config) -> Dashboard:
    """It reads the recording rules that `basewatch generate rules` writes."""
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
                        title="Spent fastest, now",
                        kind="table",
                        width=12,
                        red_above=6,
                        queries=(PanelQuery(expr=f"topk(10, {_burn('1h')})"),),
                        description="How many times as fast as would just use up the budget, over the last hour.",
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
                            PanelQuery(expr="vector(1)", legend="just used up", limit=True),
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
