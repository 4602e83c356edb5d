"""What a month costs is known before anything is asked, and a budget is kept or said to be too small."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from workflows.cost import fixed_monthly_cost
from workflows.plan import Plan, load_plan
from workflows.request_forecast import forecast

PLATFORM = """
version: 1
platform: {name: small, environment: test}
aws:
  accounts:
    here: {id: "111111111111", role: reader, regions: [eu-west-1]}
    there: {id: "222222222222", role: reader, regions: [eu-west-1], through: here}
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
    """Tiers with their calls, collectors with their metrics, queries and both readings of the price, and the pass."""
    plan = planned(tmp_path, "every: 5m\ndiscover:\n  - {collector: lambda, by: list, account: here}")
    assert forecast(plan).as_text() == snapshot


def test_a_budget_says_what_it_slows_down(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """Under a budget the slow tier is asked less often first, then the standard one, and the share used is printed."""
    assert forecast(planned(tmp_path, "budget: 6")).as_text() == snapshot


def test_a_budget_that_is_not_enough_is_said_to_be(tmp_path: Path) -> None:
    """The fast tier is never slowed down: what it costs beyond the budget is told before anything runs."""
    said = forecast(planned(tmp_path, "budget: 1")).as_text()
    assert "the budget is not enough" in said
    assert "fast           1m" in said


def test_the_forecast_is_json_too(tmp_path: Path) -> None:
    """The same numbers for programs: parts add up to their tier, and everything to the month."""
    serve = json.loads(forecast(planned(tmp_path, "budget: 6")).as_json())["serve"]
    for tier in serve["tiers"]:
        for number in ("queries", "metrics", "dollars", "dollars_at_most"):
            assert sum(part[number] for part in tier["collectors"]) == pytest.approx(tier[number])
    parts = sum(tier["dollars_at_most"] for tier in serve["tiers"]) + serve["passes"]["dollars_at_most"]
    assert serve["dollars_at_most"] == pytest.approx(parts)
    assert serve["budget_used"] == pytest.approx(serve["dollars_at_most"] / 6)
    assert serve["budget_used"] <= 1


def test_what_is_asked_through_one_account_is_one_plan(tmp_path: Path) -> None:
    """Two accounts, one of them seen through the other, take one call a tier and one for a pass."""
    serve = forecast(planned(tmp_path, "every: 5m")).serve
    assert {tier.calls for tier in serve.tiers} == {1}
    assert serve.passes.calls == 1


def test_what_serve_costs_besides_its_tiers_is_known(tmp_path: Path) -> None:
    """Passes and discovery come off a budget before its tiers do."""
    plan = planned(tmp_path, "every: 5m\ndiscover:\n  - {collector: lambda, by: list, account: here}")
    serve = forecast(plan).serve
    assert serve.listings == 1
    # Every quarter of an hour for thirty days, at $0.01 for a thousand.
    assert serve.listing_dollars == pytest.approx(0.0288)
    assert fixed_monthly_cost(plan) == pytest.approx(serve.passes.dollars_at_most + 0.0288)


def test_without_an_account_nothing_is_asked_and_nothing_costs(tmp_path: Path) -> None:
    """A plain PostgreSQL has no CloudWatch: its plan is printed all the same."""
    plan = planned(tmp_path, "every: 5m")
    bare = replace(plan, config=plan.config.model_copy(update={"aws": None}))
    serve = forecast(bare).serve
    assert (serve.dollars_at_most, serve.passes.queries) == (0, 0)
    assert "fast" not in forecast(bare).as_text()
