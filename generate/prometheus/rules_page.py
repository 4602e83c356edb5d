"""The page of the generated rules: what they are, how they are loaded, and what every alert means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generate.prometheus.rule_context import AlertTemplate

_HEAD = """# Rules for Prometheus and routes for Alertmanager

`basewatch generate rules` writes `deploy/prometheus/basewatch.rules.yml`, and `basewatch generate alertmanager`
`deploy/alertmanager/alertmanager.yml`, both from `config.yaml`. With `--check` they write nothing and end with status 1
when a file is not current. This page is written from the code by `make docs`.

## What is generated

- **Recording rules**, named level:metric:operation: shares and rates of every API, function, table, cache and pool over
  5m, 30m, 1h, 2h, 6h, 1d and 3d.
- **Promised alerts**: latency, pool, errors, backups and security events. Each begins at what the configuration
  promises, after as long as it promises; where it says nothing, at what this page says.
- **Burn rates** of every declared objective: its error budget is spent too fast over a long window and still over a
  short one. 2% of a budget of 30 days in an hour, or 5% in six hours, page; 10% in one day or three wait for the day.
  Fewer than 100 events or 5 bad ones in the long window are no trend.
- **Causes**: what may be behind it, restricted to what the configuration declares.
- **Basewatch itself**: a collector that is blind holds back the alerts on its numbers and pages instead.
- **Verdicts**, with `alerts.verdicts: prometheus`: a FAIL that no alert on live numbers tells of. With `direct`,
  Basewatch tells people of verdicts itself; alerts on verdicts carry `told_by="basewatch"` then and reach nobody else.
  A limit that is crossed in live numbers is told by the alert on them at once and by a pass later: say `prometheus`
  where these rules are loaded, and it is told once.

An alert is as urgent as the check that judges the same promise: critical is `critical` and pages, high and medium are
`warning`, low is `info`; `checks.<id>.severity` changes both. Numbers are two to four minutes late, so no window is
shorter than 5 minutes, and what does not say for how long has to hold for two refreshes.

## How to load it

```yaml
# prometheus.yml
rule_files: [basewatch.rules.yml]
scrape_configs:
  - job_name: basewatch
    scrape_interval: 1m
    static_configs: [{targets: ["127.0.0.1:9464"]}]
```

The job and the interval are `prometheus.job` and `prometheus.scrape`; links in the alerts begin with
`prometheus.runbook_url` and `prometheus.dashboard_url`. Budgets over 30 days need as much retention
(`--storage.tsdb.retention.time=31d`).

Alertmanager tells each of the configured `channels` what its route says, and whoever
`prometheus.email` names of what pages nobody. No secret is written down: a webhook or key is read from its `file:`, or
from the file in `prometheus.secrets` that is called like the channel. The watchdog goes to the receiver `watchdog`,
which is nobody until you give it a dead man's switch.

## The alerts

| alert | urgency | fires when |
|---|---|---|
"""


def alerting_rules(templates: Iterable[AlertTemplate]) -> str:
    """The page docs/alerting-rules.md: a table of the alerts in the order given, then one section for each."""
    known = tuple(templates)
    rows = (f"| [`{it.name}`](#{it.name.lower()}) | {it.severity} | {it.fires_when} |\n" for it in known)
    return _HEAD + "".join(rows) + "".join("".join(_section(template)) for template in known)


def _section(template: AlertTemplate) -> Iterator[str]:
    yield f"\n### {template.name}\n\n{template.fires_when}.\n\n{template.remedy}.\n\nDashboard: `{template.dashboard}`\n"
