"""Common designs of tenant isolation, as applications and frameworks build them, raise no alarm."""

from __future__ import annotations

import psycopg
import pytest

from demo.database import SandboxDatabase
from tests.checks.tenancy.designs.reading import Design, designs
from tests.checks.tenancy.designs.running import built, readable

SOUND = designs("sound")
# One of each kind is tried before every change; the others are many cases of the same.
FAST = {"bigint_key", "hasura_user"}


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


def test_every_design_has_its_own_name() -> None:
    """No two designs share a name, so that each is found by it."""
    names = [one.name for one in SOUND]
    assert len(names) == len(set(names))
