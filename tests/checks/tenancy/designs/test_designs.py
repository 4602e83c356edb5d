"""Common designs of tenant isolation, as applications and frameworks build them, raise no alarm."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from basewatch.model import Severity, Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.designs.reading import Break, Design, designs
from tests.checks.tenancy.designs.running import built, readable

pytestmark = pytest.mark.slow

SOUND = designs("sound")
# One of each kind is tried before every change; the others are many cases of the same.
FAST = {"bigint_key", "hasura_user", "teams"}


def cases(found: tuple[Design, ...]) -> list[object]:
    """The designs for pytest; one with a known alarm must fail."""
    return [
        pytest.param(
            one,
            id=one.name,
            marks=[
                *([] if one.name in FAST else [pytest.mark.slow, pytest.mark.exhaustive]),
                *([pytest.mark.xfail(reason=one.known, strict=True)] if one.known else []),
            ],
        )
        for one in found
    ]


def skip_without(server: SandboxDatabase, design: Design) -> None:
    """Skips a design that this server cannot have."""
    with psycopg.connect(server.superuser_url) as connection:
        query = "SELECT 1 FROM pg_available_extensions WHERE name = %s"
        if design.needs and connection.execute(query, (design.needs,)).fetchone() is None:
            pytest.skip(f"this server has no {design.needs}")
        if connection.info.server_version < design.since * 10000:
            pytest.skip(f"PostgreSQL {design.since} is the first to have it")


@pytest.mark.parametrize("design", cases(SOUND))
def test_a_sound_design_raises_no_alarm(box_database: SandboxDatabase, design: Design) -> None:
    """Nothing fails and nothing is unverified, with no more in the manifest than a user has to say."""
    skip_without(box_database, design)
    with built(box_database, design) as sound:
        assert readable(sound.alarms()) == []


BREAKS = [
    pytest.param(
        one,
        broken,
        id=f"{one.name}: {broken.title}",
        marks=[] if n == 0 else [pytest.mark.slow, pytest.mark.exhaustive],
    )
    for n, (one, broken) in enumerate((one, broken) for one in SOUND for broken in one.breaks)
]


@pytest.mark.parametrize(("design", "broken"), BREAKS)
def test_a_broken_design_fails(box_database: SandboxDatabase, design: Design, broken: Break) -> None:
    """Its exploit, if there is one, works while it is broken and not before, and each check that must find it fails."""
    skip_without(box_database, design)
    with built(box_database, design) as made:
        assert not made.works(broken)
        made.run(broken.breaks)
        assert made.works(broken) is bool(broken.exploit)
        found = made.alarms()
    assert {one.check for one in found if one.status is Status.FAIL} >= broken.checks, readable(found)


def test_an_owner_that_never_forces_is_said_once(box_database: SandboxDatabase) -> None:
    """Without the entry there is one finding, on the owner, which repairs every table and offers the entry."""
    (design,) = (one for one in SOUND if one.name == "never_forced")
    with built(box_database, replace(design, manifest={})) as made:
        (found,) = made.alarms()
        assert (found.check, found.subject, found.severity) == ("tenancy.rls.coverage", "owner keeper", Severity.MEDIUM)
        statements, _, condition = found.remedy.partition(" Only if ")
        assert 'tenancy.unforced_owners: {"keeper": <the reason>}' in condition
        made.run(statements)
        assert readable(made.alarms()) == []


def test_every_design_has_its_own_name() -> None:
    """No two designs share a name, so that each is found by it."""
    names = [one.name for one in SOUND]
    assert len(names) == len(set(names))
