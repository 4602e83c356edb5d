"""The dashboard of findings: the last run, open findings, and findings over time."""

from __future__ import annotations

from basewatch.config import Config
from basewatch.config.prometheus import FINDINGS_DASHBOARD
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row, Variable

_THIS = 'component=~"$component"'
_COLUMNS = "check, component, subject, severity"


def dashboard(config: Config) -> Dashboard:
    """UNVERIFIED findings have a table of their own: they are never green."""
    return Dashboard(
        uid=FINDINGS_DASHBOARD,
        title=f"{config.platform.name} findings",
        description="The findings of the last run: FAIL first, then UNVERIFIED.",
        variables=(Variable(name="component", label="Component", query="basewatch_finding_status, component"),),
        rows=(
            Row(
                title="The last run",
                panels=(
                    _stat("Failing", 'basewatch_findings{status="FAIL"}', red_above=1),
                    _stat("Unverified", 'basewatch_findings{status="UNVERIFIED"}', red_above=1),
                    _stat("Passing", 'basewatch_findings{status="PASS"}'),
                    _stat(
                        "Time since the last run",
                        "time() - basewatch_run_last_success_timestamp_seconds",
                        unit="s",
                        red_above=1.5 * config.run.every.total_seconds(),
                    ),
                ),
            ),
            Row(
                title="Open findings",
                panels=(_table("FAIL", "FAIL"), _table("UNVERIFIED", "UNVERIFIED")),
            ),
            Row(
                title="Over time",
                panels=(
                    Panel(
                        title="Findings by status",
                        width=12,
                        stacked=True,
                        queries=(PanelQuery(expr="basewatch_findings", legend="{{status}}"),),
                    ),
                    Panel(
                        title="Catalogue watch up",
                        width=12,
                        queries=(PanelQuery(expr="basewatch_tenancy_watch_up", legend="{{database}}"),),
                    ),
                ),
            ),
        ),
    )


def _stat(title: str, expr: str, *, unit: str = "short", red_above: float | None = None) -> Panel:
    return Panel(title=title, kind="stat", width=6, unit=unit, red_above=red_above, queries=(PanelQuery(expr=expr),))


def _table(title: str, status: str) -> Panel:
    now = f'basewatch_finding_status{{status="{status}",{_THIS}}}'
    return Panel(title=title, kind="table", width=12, queries=(PanelQuery(expr=f"max by ({_COLUMNS}) ({now})"),))
