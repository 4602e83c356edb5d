"""The dashboard of compliance: what was last looked at, what is broken, and what nobody could tell."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row, Variable

_THIS = 'component=~"$component"'
_COLUMNS = "check, component, subject, severity"


def dashboard(config: Config) -> Dashboard:
    """What could not be looked at has a table of its own: it is never green."""
    return Dashboard(
        uid="basewatch-findings",
        title=f"{config.platform.name} findings",
        description="The verdicts of the last run: failing first, then what is unverified.",
        variables=(Variable(name="component", label="Component", query="basewatch_finding_status, component"),),
        rows=(
            Row(
                title="The last run",
                panels=(
                    _stat("Failing", 'basewatch_findings{status="FAIL"}', red_above=1),
                    _stat("Unverified", 'basewatch_findings{status="UNVERIFIED"}', red_above=1),
                    _stat("Passing", 'basewatch_findings{status="PASS"}'),
                    _stat(
                        "Since the last run",
                        "time() - basewatch_run_last_success_timestamp_seconds",
                        unit="s",
                        red_above=1.5 * config.run.every.total_seconds(),
                    ),
                ),
            ),
            Row(
                title="Finding by finding",
                panels=(_table("What fails", "FAIL"), _table("What nobody could tell", "UNVERIFIED")),
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
                        title="Catalogues that are watched",
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
