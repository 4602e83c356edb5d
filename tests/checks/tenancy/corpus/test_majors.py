"""The whole corpus on every major version of PostgreSQL that this machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.tenancy.corpus.cases import mutations, variants
from tests.checks.tenancy.corpus.judged import complaints, skipped, told
from tests.checks.tenancy.corpus.measuring import Measuring, not_green
from tests.checks.tenancy.corpus.server import start_corpus

# Where .ci/parts puts the versions that a distribution lacks.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "basewatch" / "postgres"
# Further ones are named in BASEWATCH_POSTGRES, as PATH names folders: each with initdb and postgres.
FOLDERS = [
    folder
    for folder in (
        *sorted(Path("/usr/lib/postgresql").glob("*/bin")),
        *sorted(CACHE.glob("*/native/bin")),
        *(Path(name) for name in os.environ.get("BASEWATCH_POSTGRES", "").split(os.pathsep) if name),
    )
    if (folder / "postgres").exists()
]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: str(folder).strip("/").replace("/", "-"))
def major(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measuring]:
    """The corpus on one of the versions."""
    with start_corpus(tmp_path_factory.mktemp("major"), binaries=request.param) as server:
        yield Measuring(server=server)


@pytest.mark.slow
def test_every_sound_schema_is_green(major: Measuring) -> None:
    """Catalogues differ from version to version; what they say of a sound schema does not."""
    for schema in ("securebase", "crm", "geo", "wm"):
        # How current the engine is depends on the machine.
        found = (f for f in major.look(schema).findings if f.check != "tenancy.rls.engine")
        assert told(f for f in found if not_green(f)) == []


@pytest.mark.slow
def test_every_mutation_is_found(major: Measuring) -> None:
    """What is found on the newest version is found on this one."""
    missed = {
        one.id: wrong
        for one in mutations()
        if not skipped(major, one)
        for found, worked in [major.mutated(one)]
        if (wrong := complaints(one, found, worked=worked))
    }
    assert missed == {}


@pytest.mark.slow
def test_no_correct_variant_raises_an_alarm(major: Measuring) -> None:
    """What is sound on the newest version is sound on this one."""
    alarms = {one.id: told(major.varied(one).new) for one in variants() if not one.known and not skipped(major, one)}
    assert {name: alarm for name, alarm in alarms.items() if alarm} == {}
