"""Every component kind is registered once, and every check judges promises that its kind can make."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest

from basewatch import components
from basewatch.check import AnyCheck
from basewatch.components import (
    COMPONENT_SECTIONS,
    COMPONENT_TYPES,
    Api,
    AuroraCluster,
    Component,
    Components,
    Database,
    DumpBackups,
)
from checks import CHECKS
from tests.fixtures_box import CONFIG
from workflows.plan import load_plan

DECLARED = tuple(load_plan(CONFIG).config.components)


# Promises of a kind that the committed configuration leaves out: hundreds of requests in each pass, and backups of
# tables by AWS Backup, which it promises of its cluster.
UNDECLARED = {
    "api": {"tenant_isolation.rate_limit_tried"},
    "table": {"recovery_points", "recovery_points.keep", "recovery_points.copies"},
}
each_kind = pytest.mark.parametrize("kind", COMPONENT_SECTIONS, ids=lambda kind: kind.kind)


def test_every_kind_is_registered() -> None:
    """A component kind has a section of the configuration, or nothing of that kind could be declared."""
    for module in iter_modules(components.__path__):
        import_module(f"basewatch.components.{module.name}")
    for kind in defined_kinds(Component):
        assert kind in COMPONENT_TYPES, (
            f"{kind.__name__} is not registered: add a field such as {kind.kind}s: tuple[{kind.__name__}, ...] = () "
            "to Components in basewatch/components/__init__.py"
        )


def defined_kinds(base: type[Component]) -> Iterator[type[Component]]:
    """Every component class that declares a kind, wherever in the family."""
    for kind in base.__subclasses__():
        if "kind" in vars(kind) and kind.__module__.startswith("basewatch."):
            yield kind
        yield from defined_kinds(kind)


@each_kind
def test_every_section_is_iterated(kind: type[Component]) -> None:
    """A declared component is one of the components, whatever its kind, so that no kind is skipped silently."""
    component = kind.model_construct(name="declared")
    declared = Components.model_construct(None, **{COMPONENT_SECTIONS[kind]: (component,)})
    assert list(declared) == [component]


@each_kind
def test_every_promise_of_a_kind_can_be_made(kind: type[Component]) -> None:
    """Each path leads to a setting: the committed configuration makes every promise there is."""
    made = {
        promise for each in DECLARED if isinstance(each, kind) for promise in kind.promises if each.has_promise(promise)
    }
    missing = set(kind.promises) - made - UNDECLARED.get(kind.kind, set())
    assert not missing, (
        f"config.yaml makes no promise {', '.join(sorted(missing))} of any {kind.kind}: declare one under "
        f"components.{COMPONENT_SECTIONS[kind]}, so that the demo and the tests see it"
    )


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


def test_a_database_names_every_secret_that_its_checks_need() -> None:
    """The secrets are its own URL, the reader's, and the logins of the principals, directly and through the proxy."""
    tenancy = {
        "context": "app.tenant",
        "root": "tenants",
        "key": "tenant_id",
        "principals": ["app", "reports"],
        "min_tables": 1,
        "canaries": {
            "a": "0ca9a11e-0000-4000-8000-00000000000a",
            "b": "0ca9a11e-0000-4000-8000-00000000000b",
        },
        "logins": {"app": {"url": "env:APP", "proxy_url": "env:PROXY"}, "reports": {"url": "env:REPORTS"}},
    }
    database = Database.model_validate({"name": "d", "url": "env:URL", "reader": "env:READER", "tenancy": tenancy})
    assert [str(secret) for secret in database.secrets] == [
        "env:URL",
        "env:READER",
        "env:APP",
        "env:PROXY",
        "env:REPORTS",
    ]
