"""The dashboard of Lambda functions: invocations, errors, throttles, duration and concurrency."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import FAST_WINDOW, STANDARD_WINDOW, gauge_expr, latency, rate_expr, variables

_THIS = 'function_name=~"$resource"'
_NAME = "{{function_name}}"


def dashboard(config: Config) -> Dashboard:
    """A throttled call is not an invocation, so the throttle ratio has both in its denominator."""
    invocations = rate_expr("aws_lambda_invocations_total", _THIS, FAST_WINDOW)
    errors = rate_expr("aws_lambda_errors_total", _THIS, FAST_WINDOW)
    throttles = rate_expr("aws_lambda_throttles_total", _THIS, STANDARD_WINDOW)
    over = rate_expr("aws_lambda_invocations_total", _THIS, STANDARD_WINDOW)
    limits = sorted({f.errors_below.value for f in config.components.functions if f.errors_below})
    return Dashboard(
        uid="basewatch-lambda",
        title=f"{config.platform.name} functions",
        description="Rate, errors, duration and concurrency of every Lambda function.",
        variables=variables("lambda", "Function"),
        rows=(
            Row(
                title="Invocations and errors",
                panels=(
                    Panel(title="Invocations", unit="reqps", queries=(PanelQuery(expr=invocations, legend=_NAME),)),
                    Panel(
                        title="Error ratio",
                        unit="percentunit",
                        queries=(
                            PanelQuery(expr=f"{errors} / {invocations}", legend=_NAME),
                            *(
                                PanelQuery(expr=f"vector({x:g})", legend=f"promised {x:.0%}", limit=True)
                                for x in limits
                            ),
                        ),
                    ),
                    Panel(
                        title="Throttle ratio",
                        unit="percentunit",
                        queries=(PanelQuery(expr=f"{throttles} / ({throttles} + {over})", legend=_NAME),),
                    ),
                ),
            ),
            Row(
                title="Duration and concurrency",
                panels=(
                    latency("Duration", "aws_lambda_duration_seconds", _THIS, _NAME, STANDARD_WINDOW),
                    Panel(
                        title="Concurrent executions",
                        queries=(PanelQuery(expr=gauge_expr("aws_lambda_concurrent_executions", _THIS), legend=_NAME),),
                    ),
                    Panel(
                        title="Iterator age",
                        unit="s",
                        queries=(
                            PanelQuery(expr=gauge_expr("aws_lambda_iterator_age_max_seconds", _THIS), legend=_NAME),
                        ),
                        description="The age of the last record that was read; only for functions that read a stream.",
                    ),
                ),
            ),
        ),
    )
