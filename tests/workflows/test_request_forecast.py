"""The cost of a month is known before any request, and a budget is kept or reported as too small."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from basewatch.collector import RefreshTier
from basewatch.quantities import parse_duration
from generate.prometheus.rule_context import RuleContext
from workflows.cost import config_within_budget, fixed_monthly_cost, monthly_cost
from workflows.plan import Plan, load_plan
from workflows.request_forecast import forecast

PLATFORM = """
version: 1
platform: {name: small, environment: test}
aws:
  accounts:
    here: {id: "111111111111", role: reader, regions: [eu-west-1]}
    there: {id: "222222222222", role: reader, regions: [eu-west-1], monitoring_account: here}
components:
  functions:
    - {name: auth, account: here, errors_below: 1% for 5m}
    - {name: billing, account: there, errors_below: 1% for 5m}
  tables:
    - {name: customers, account: here, throttled_below: 1/min for 10m}
collectors:
"""


def planned(folder: Path, collectors: str) -> Plan:
    """A small platform of two accounts, one seen through the other, collected like this."""
    path = folder / "config.yaml"
    path.write_text(PLATFORM + "".join(f"  {line}\n" for line in collectors.splitlines()), encoding="utf-8")
    return load_plan(path)


def test_each_collector_and_tier_has_its_price(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """The text has tiers with calls, collectors with metrics, queries and both cost estimates, and the run."""
    plan = planned(tmp_path, "standard: 5m\ndiscover:\n  - {collector: lambda, by: list, account: here}")
    assert forecast(plan).as_text() == snapshot


def test_a_budget_says_what_it_slows_down(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """A budget lengthens the interval of the slow tier first, then of the standard tier; the used ratio is printed."""
    assert forecast(planned(tmp_path, "budget: 6")).as_text() == snapshot


def test_rules_follow_the_intervals_that_a_budget_lengthens(tmp_path: Path) -> None:
    """A window of configured intervals would hold no refresh of a longer one; without a budget nothing changes."""
    free, limited = planned(tmp_path, "standard: 5m"), planned(tmp_path, "budget: 3")
    (tier,) = (tier for tier in monthly_cost(limited).tiers if tier.tier is RefreshTier.STANDARD)
    every = parse_duration(tier.every)
    assert every > limited.config.collectors.standard
    assert config_within_budget(free) is free.config
    assert config_within_budget(limited).collectors.standard == every
    contexts = (
        RuleContext(config=config, checks=(), collectors=limited.collectors)
        for config in (limited.config, config_within_budget(limited))
    )
    table = next(each for each in limited.config.components if each.kind == "table")
    metric = "aws_dynamodb_consumed_read_capacity_units_total"
    before, after = (next(context.sources(table, metric)).window for context in contexts)
    assert before < 3 * every == after


def test_a_budget_that_is_not_enough_is_reported(tmp_path: Path) -> None:
    """The fast tier is never slowed down; the forecast says that the budget is not enough."""
    said = forecast(planned(tmp_path, "budget: 1")).as_text()
    assert "the budget is not enough" in said
    assert "fast           1m" in said


def test_the_forecast_is_json_too(tmp_path: Path) -> None:
    """The same numbers for programs: parts add up to their tier, and everything to the month."""
    serve = json.loads(forecast(planned(tmp_path, "budget: 6")).as_json())["serve"]
    for tier in serve["tiers"]:
        for number in ("queries", "metrics", "dollars_lower", "dollars_upper"):
            assert sum(part[number] for part in tier["collectors"]) == pytest.approx(tier[number])
    parts = sum(tier["dollars_upper"] for tier in serve["tiers"]) + serve["scheduled_runs"]["dollars_upper"]
    assert serve["dollars_upper"] == pytest.approx(parts)
    assert serve["budget_used_ratio"] == pytest.approx(serve["dollars_upper"] / 6)
    assert serve["budget_used_ratio"] <= 1


def test_accounts_with_one_monitoring_account_share_calls(tmp_path: Path) -> None:
    """Two accounts, one seen through the other, need one call for each tier and one for a run."""
    serve = forecast(planned(tmp_path, "standard: 5m")).serve
    assert {tier.calls for tier in serve.tiers} == {1}
    assert serve.scheduled_runs.calls == 1


def test_the_fixed_cost_of_serve_is_known(tmp_path: Path) -> None:
    """Scheduled runs and discovery are part of the cost that the budget cannot reduce."""
    plan = planned(tmp_path, "standard: 5m\ndiscover:\n  - {collector: lambda, by: list, account: here}")
    serve = forecast(plan).serve
    assert serve.list_metrics_requests == 1
    # Every quarter of an hour for thirty days, at $0.01 for a thousand.
    assert serve.list_metrics_dollars == pytest.approx(0.0288)
    assert fixed_monthly_cost(plan) == pytest.approx(serve.scheduled_runs.dollars_upper + 0.0288)


def test_without_an_account_there_are_no_requests_and_no_cost(tmp_path: Path) -> None:
    """A plain PostgreSQL has no CloudWatch; its plan is printed."""
    plan = planned(tmp_path, "standard: 5m")
    bare = replace(plan, config=plan.config.model_copy(update={"aws": None}))
    serve = forecast(bare).serve
    assert (serve.dollars_upper, serve.scheduled_runs.queries) == (0, 0)
    assert "fast" not in forecast(bare).as_text()
