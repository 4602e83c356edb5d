"""Three whole products, from the draft of `basewatch init` with canaries filled in and objects approved."""

from __future__ import annotations

import pytest

from basewatch.model import Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.designs.reading import Break, Design, designs
from tests.checks.tenancy.designs.running import built, readable
from tests.checks.tenancy.designs.test_designs import cases, skip_without

pytestmark = pytest.mark.slow

PRODUCTS = designs("products")
BREAKS = [
    pytest.param(
        one, broken, id=f"{one.name}: {broken.title}", marks=[pytest.mark.slow, pytest.mark.exhaustive] if n else []
    )
    for n, (one, broken) in enumerate((one, broken) for one in PRODUCTS for broken in one.breaks)
]


@pytest.mark.parametrize("product", cases(PRODUCTS))
def test_a_sound_product_is_green(box_database: SandboxDatabase, product: Design) -> None:
    """Its draft needs nothing but the placeholders, and approvals of what a person has to read."""
    skip_without(box_database, product)
    with built(box_database, product) as sound:
        assert readable(sound.alarms()) == []


@pytest.mark.parametrize(("product", "broken"), BREAKS)
def test_a_broken_product_fails(box_database: SandboxDatabase, product: Design, broken: Break) -> None:
    """Its exploit, if there is one, works while it is broken and not before, and each check that must find it fails."""
    skip_without(box_database, product)
    with built(box_database, product) as made:
        assert not made.works(broken)
        made.run(broken.breaks)
        assert made.works(broken) is bool(broken.exploit)
        found = made.alarms()
    assert {one.check for one in found if one.status is Status.FAIL} >= broken.checks, readable(found)


def test_each_product_is_broken_in_ten_ways() -> None:
    """Every product has ten breaks, each with its own title."""
    assert [len({broken.title for broken in one.breaks}) for one in PRODUCTS] == [10, 10, 10]
