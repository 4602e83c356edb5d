"""What the dashboards have in common: the variables that lead from an account to a resource, and their filter."""

from __future__ import annotations

from generate.grafana.dashboard_model import Panel, PanelQuery, Variable

LOCATION_FILTER = 'aws_account_id=~"$account",aws_region=~"$region"'
LOCATION_LABELS = "aws_account_id, aws_region"
FAST_WINDOW = "5m"
"""The window of rates of what is asked for every minute."""
STANDARD_WINDOW = "15m"
"""The window of rates of what is asked for every five minutes: three refreshes."""

ACCOUNT = Variable(name="account", label="Account", query="basewatch_collector_up, aws_account_id")
REGION = Variable(name="region", label="Region", query='basewatch_collector_up{aws_account_id=~"$account"}, aws_region')


def variables(service: str, label: str) -> tuple[Variable, ...]:
    """Account, region, tenant and the resources of `service`, each narrowed by those before it."""
    known = f'aws_resource_info{{service="{service}",{LOCATION_FILTER}'
    return (
        ACCOUNT,
        REGION,
        Variable(name="tenant", label="Tenant", query=f"{known}}}, tag_tenant"),
        Variable(name="resource", label=label, query=f'{known},tag_tenant=~"$tenant"}}, resource'),
    )


def rate_expr(counter: str, labels: str, window: str) -> str:
    """What a counter grows by in a second, of the chosen place and resources."""
    return f"rate({counter}{{{LOCATION_FILTER},{labels}}}[{window}])"


def gauge_expr(gauge: str, labels: str) -> str:
    """A gauge of the chosen place and resources."""
    return f"{gauge}{{{LOCATION_FILTER},{labels}}}"


def latency(title: str, summary: str, labels: str, legend: str, window: str, *more: PanelQuery) -> Panel:
    """A latency as its mean, p95, p99 and longest; `summary` ends with `_seconds`."""
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
            PanelQuery(expr=gauge_expr(f"{stem}_max_seconds", labels), legend=f"{legend} longest"),
            *more,
        ),
    )
