"""The whole corpus on every further major version of PostgreSQL that this machine has.

The other tests of the corpus run on the newest version, which the demo brings along. Here the oldest one gets all of
it too: static checks, probes and exploits. The versions between them get the static checks, which read a catalogue and
node trees that differ from version to version; BASEWATCH_MAJORS=all tries the probes and exploits on them as well.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.checks.tenancy.corpus.cases import mutations, variants
from tests.checks.tenancy.corpus.declared import SCHEMAS
from tests.checks.tenancy.corpus.judged import complaints, readable, skipped, static_complaints
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
EVERYTHING = os.environ.get("BASEWATCH_MAJORS") == "all"
GROUPS = sorted({(case.schema, case.family) for case in mutations()})

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@cache
def version_of(folder: Path) -> int:
    """The major version of the server in a folder."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    (version,) = re.findall(r"PostgreSQL\) (\d+)", said)
    return int(version)


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: str(folder).strip("/").replace("/", "-"))
def major(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measuring]:
    """The corpus on one of the versions."""
    folder: Path = request.param
    dynamic = EVERYTHING or version_of(folder) == min(map(version_of, FOLDERS))
    with start_corpus(tmp_path_factory.mktemp("major"), binaries=folder) as server:
        yield Measuring(server=server, dynamic=dynamic)


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_a_sound_schema_is_green(major: Measuring, schema: str) -> None:
    """Catalogues differ from version to version; what they say of a sound schema does not."""
    # How current the engine is depends on the machine.
    found = (f for f in major.observe(schema).findings if f.check != "tenancy.rls.engine")
    assert readable(f for f in found if not_green(f)) == []


@pytest.mark.parametrize(("schema", "family"), GROUPS, ids="-".join)
def test_every_mutation_is_found(major: Measuring, schema: str, family: str) -> None:
    """What is found on the newest version is found on this one."""
    missed = {
        one.id: wrong
        for one in mutations()
        if (one.schema, one.family) == (schema, family) and not skipped(major, one)
        for found, worked in [major.mutated(one)]
        if (wrong := complaints(one, found, worked=worked) if major.dynamic else static_complaints(one, found))
    }
    assert missed == {}


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_no_correct_variant_raises_an_alarm(major: Measuring, schema: str) -> None:
    """What is sound on the newest version is sound on this one."""
    cases = [one for one in variants() if one.schema == schema and not one.known and not skipped(major, one)]
    alarms = {one.id: readable(major.varied(one).new) for one in cases}
    assert {name: alarm for name, alarm in alarms.items() if alarm} == {}
