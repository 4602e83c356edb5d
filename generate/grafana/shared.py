"""Variables, filters and panels that several dashboards use."""

from __future__ import annotations

from generate.grafana.dashboard_model import Panel, PanelQuery, Variable

LOCATION_FILTER = 'aws_account_id=~"$account",aws_region=~"$region"'
LOCATION_LABELS = "aws_account_id, aws_region"
FAST_WINDOW = "5m"
"""The rate window of the fast tier, which is refreshed every minute."""
STANDARD_WINDOW = "15m"
"""The rate window of the standard tier: three refreshes of five minutes."""

ACCOUNT = Variable(name="account", label="Account", query="basewatch_collector_up, aws_account_id")
REGION = Variable(name="region", label="Region", query='basewatch_collector_up{aws_account_id=~"$account"}, aws_region')


def variables(service: str, label: str) -> tuple[Variable, ...]:
    """The variables account, region, tenant and resource of `service`; each depends on those before it."""
    known = f'aws_resource_info{{service="{service}",{LOCATION_FILTER}'
    return (
        ACCOUNT,
        REGION,
        Variable(name="tenant", label="Tenant", query=f"{known}}}, tag_tenant"),
        Variable(name="resource", label=label, query=f'{known},tag_tenant=~"$tenant"}}, resource'),
    )


def rate_expr(counter: str, labels: str, window: str) -> str:
    """The rate per second of a counter, for the selected location and resources."""
    return f"rate({counter}{{{LOCATION_FILTER},{labels}}}[{window}])"


def gauge_expr(gauge: str, labels: str) -> str:
    """A gauge, for the selected location and resources."""
    return f"{gauge}{{{LOCATION_FILTER},{labels}}}"


def latency(title: str, summary: str, labels: str, legend: str, window: str, *more: PanelQuery) -> Panel:
    """A latency panel with mean, p95, p99 and maximum; `summary` ends with `_seconds`."""
    stem = summary.removesuffix("_seconds")
    mean = f"{rate_expr(f'{summary}_sum', labels, window)} / {rate_expr(f'{summary}_count', labels, window)}"
    quantiles = (
        PanelQuery(
            expr=gauge_expr(summary, f'{labels},quantile="{quantile}"'),
            legend=f"{legend} p{round(100 * float(quantile))}",
        )
        for quantile in ("0.95", "0.99")
    )
    return Panel(
        title=title,
        unit="s",
        queries=(
            PanelQuery(expr=mean, legend=f"{legend} mean"),
            *quantiles,
            PanelQuery(expr=gauge_expr(f"{stem}_max_seconds", labels), legend=f"{legend} maximum"),
            *more,
        ),
    )
