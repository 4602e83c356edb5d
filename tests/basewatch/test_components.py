"""What a component promises is named once, and every check's promises are among them."""

from __future__ import annotations

import pytest

from basewatch.check import AnyCheck
from basewatch.components import COMPONENT_TYPES, Api, AuroraCluster, Component, Database, DumpBackups
from checks import CHECKS
from tests.fixtures_box import CONFIG
from workflows.plan import load_plan

DECLARED = tuple(load_plan(CONFIG).config.components)


@pytest.mark.parametrize("kind", COMPONENT_TYPES, ids=lambda kind: kind.kind)
def test_every_promise_of_a_kind_can_be_made(kind: type[Component]) -> None:
    """Each path leads to a setting: the committed configuration makes every promise there is."""
    made = {
        promise for each in DECLARED if isinstance(each, kind) for promise in kind.promises if each.has_promise(promise)
    }
    assert made == set(kind.promises)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_judges_promises_of_its_kind(check: AnyCheck) -> None:
    """No check claims to judge what its kind of component cannot promise."""
    assert set(check.promises) <= set(check.component.promises)


def test_what_is_off_or_not_set_is_not_promised() -> None:
    """A switch that is off, a part that is left out and tiers that are all zero promise nothing."""
    cluster = AuroraCluster.model_validate({"name": "c", "backup": {"retention": "35d", "rpo": "1h"}})
    dumps = {"name": "d", "bucket": "b", "database": "x", "every": "1h", "stale_after": "2h"}
    assert not any(
        cluster.has_promise(promise) for promise in ("multi_az", "backup.rto", "proxy.pool_use_below", "capacity")
    )
    assert not DumpBackups.model_validate(dumps).has_promise("keep")
    assert DumpBackups.model_validate({**dumps, "keep": {"daily": 7}}).has_promise("keep")
    assert Api(name="a", stage="prod").has_promise("authorizer")


def test_a_database_names_every_secret_it_is_looked_at_with() -> None:
    """Its own URL, the reader's, and the logins of principals, straight and through the proxy: all are needed."""
    tenancy = {
        "context": "app.tenant",
        "root": "tenants",
        "key": "tenant_id",
        "principals": ["app", "reports"],
        "tables": 1,
        "canaries": {
            "a": "0ca9a11e-0000-4000-8000-00000000000a",
            "b": "0ca9a11e-0000-4000-8000-00000000000b",
        },
        "logins": {"app": {"url": "env:APP", "through_proxy": "env:PROXY"}, "reports": {"url": "env:REPORTS"}},
    }
    database = Database.model_validate({"name": "d", "url": "env:URL", "reader": "env:READER", "tenancy": tenancy})
    assert [str(secret) for secret in database.secrets] == [
        "env:URL",
        "env:READER",
        "env:APP",
        "env:PROXY",
        "env:REPORTS",
    ]
