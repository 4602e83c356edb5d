"""The page docs/alerting-rules.md: what is generated, how to load it, and the meaning of every alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generate.prometheus.rule_context import AlertTemplate

_HEAD = """# Rules for Prometheus and routes for Alertmanager

`basewatch generate rules` writes `deploy/prometheus/basewatch.rules.yml`, and `basewatch generate alertmanager` writes
`deploy/alertmanager/alertmanager.yml`, both from `config.yaml`. With `--check` they write nothing, and exit with 1 if a
file is out of date. This page is generated from the code by `make docs`.

## What is generated

- **Recording rules**, named level:metric:operation: ratios and rates of every API, function, table, cache and pool over
  5m, 30m, 1h, 2h, 6h, 1d and 3d.
- **Promise alerts**: latency, pool, errors, backups and security events. The threshold and the duration are those of
  the configuration; without them, those of the table below.
- **Burn rates** of every declared objective: its error budget burns too fast over a long window and still over a short
  one. 2% of a 30-day budget in one hour, or 5% in six hours, pages; 10% in one or three days is a warning. Windows with
  fewer than 100 events, or fewer than 5 bad ones, are not evaluated: the sample is too small. Nor is a window that
  begins before the first sample: the ratio would be that of a shorter time.
- **Causes**: the metrics that explain a broken promise, for declared components only.
- **Basewatch itself**: a collector that fails pages, and alerts on its metrics are inhibited.
- **Verdicts**, with `alerts.verdicts: prometheus`: a FAIL that has no alert on live metrics. With `direct`, Basewatch
  notifies about verdicts itself; alerts on verdicts then have the label `notified_by="basewatch"`, and Alertmanager
  sends them to no one. A limit that is crossed in live metrics has an alert at once, and a finding at the next run: set
  `prometheus` where these rules are loaded, so that you are notified once.

The severity of an alert follows from the check that judges the same promise: critical is `critical` and pages, high and
medium are `warning`, low is `info`; `checks.<id>.severity` changes both. Metrics are two to four minutes late, so no
window is shorter than 5 minutes, and a limit without a duration must be crossed for two refreshes. An alert keeps
firing for five minutes, or two refreshes, after its value is good again: a value that flaps around its limit is one
alert. This needs Prometheus 2.42 or later. Rules about a collector compare with `basewatch_collector_interval_seconds`,
its own interval: the slow tier is refreshed once an hour, and a budget lengthens it. Windows are three refreshes long,
at the intervals that the budget leaves to the declared components; generate the rules again after changing the budget.

## How to load it

```yaml
# prometheus.yml
rule_files: [basewatch.rules.yml]
scrape_configs:
  - job_name: basewatch
    scrape_interval: 1m
    static_configs: [{targets: ["127.0.0.1:9464"]}]
```

`prometheus.job` and `prometheus.scrape_interval` set the job and the interval; `prometheus.runbook_url` and
`prometheus.dashboard_url` set the links in the alerts. Objectives over 30 days need the same retention
(`--storage.tsdb.retention.time=31d`).

Alertmanager notifies each of the configured `channels` according to its route, and the address in `prometheus.email`
of every alert that does not page. The file holds no secret: a webhook or key is read from its `file:`, or from the file
in `prometheus.secrets` with the name of the channel. The watchdog is sent to the receiver `watchdog`, which has no
integration until you add a dead man's switch.

## The alerts

| alert | severity | fires when |
|---|---|---|
"""


def alerting_rules(templates: Iterable[AlertTemplate]) -> str:
    """The page: a table of the alerts in the given order, then one section for each."""
    known = tuple(templates)
    rows = (f"| [`{it.name}`](#{it.name.lower()}) | {it.severity} | {it.fires_when} |\n" for it in known)
    return _HEAD + "".join(rows) + "".join("".join(_section(template)) for template in known)


def _section(template: AlertTemplate) -> Iterator[str]:
    yield f"\n### {template.name}\n\n{template.fires_when}.\n\n{template.remedy}.\n\n"
    yield f"Dashboard: `{template.dashboard}`\n"
