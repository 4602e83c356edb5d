"""What a component promises is named once, and every check's promises are among them."""

from __future__ import annotations

import pytest

from basewatch.check import AnyCheck
from basewatch.components import KINDS, Api, AuroraCluster, Component, DumpBackups
from checks import CHECKS
from tests.fixtures_box import CONFIG
from workflows.plan import load_plan

DECLARED = tuple(load_plan(CONFIG).config.components)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_promise_of_a_kind_can_be_made(kind: type[Component]) -> None:
    """Each path leads to a setting: the committed configuration makes every promise there is."""
    made = {promise for each in DECLARED if isinstance(each, kind) for promise in kind.promises if each.makes(promise)}
    assert made == set(kind.promises)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_judges_promises_of_its_kind(check: AnyCheck) -> None:
    """No check claims to judge what its kind of component cannot promise."""
    assert set(check.promises) <= set(check.component.promises)


def test_what_is_off_or_not_set_is_not_promised() -> None:
    """A switch that is off, a part that is left out and tiers that are all zero promise nothing."""
    cluster = AuroraCluster.model_validate({"name": "c", "backup": {"retention": "35d", "rpo": "1h"}})
    dumps = {"name": "d", "bucket": "b", "database": "x", "every": "1h", "stale_after": "2h"}
    assert not any(cluster.makes(promise) for promise in ("multi_az", "backup.rto", "proxy.pool_use_below", "capacity"))
    assert not DumpBackups.model_validate(dumps).makes("keep")
    assert DumpBackups.model_validate({**dumps, "keep": {"daily": 7}}).makes("keep")
    assert Api(name="a", stage="prod").makes("authorizer")
