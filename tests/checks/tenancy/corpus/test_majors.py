"""The whole corpus on every further major version of PostgreSQL that this machine has.

The other tests of the corpus run on the newest version, which the demo brings along. Here the oldest one gets all of
it for the static checks, which read a catalogue and node trees that differ from version to version, and probes and
exploits for every second case. The versions between them share the static checks: each gets the cases that the one
before it did not. BASEWATCH_MAJORS=all tries everything on all of them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Major:
    """The corpus on one version: for the static checks, and with probes and exploits."""

    version: int
    static: Measuring
    dynamic: Measuring

    def measuring(self, number: int) -> Measuring | None:
        """How the case of this number is tried; None where another version has it."""
        if EVERYTHING:
            return self.dynamic
        if self.version == min(map(version_of, FOLDERS)):
            return self.static if number % 2 else self.dynamic
        return self.static if number % 2 == self.version % 2 else None


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: str(folder).strip("/").replace("/", "-"))
def major(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Major]:
    """The corpus on one of the versions."""
    folder: Path = request.param
    with start_corpus(tmp_path_factory.mktemp("major"), binaries=folder) as server:
        yield Major(
            version=version_of(folder),
            static=Measuring(server=server, dynamic=False),
            dynamic=Measuring(server=server, dynamic=True),
        )


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_a_sound_schema_is_green(major: Major, schema: str) -> None:
    """Catalogues differ from version to version; what they say of a sound schema does not."""
    # How current the engine is depends on the machine.
    found = (f for f in major.dynamic.observe(schema).findings if f.check != "tenancy.rls.engine")
    assert readable(f for f in found if not_green(f)) == []


@pytest.mark.parametrize(("schema", "family"), GROUPS, ids="-".join)
def test_every_mutation_is_found(major: Major, schema: str, family: str) -> None:
    """What is found on the newest version is found on this one."""
    missed = {
        one.id: wrong
        for number, one in enumerate(mutations())
        if (one.schema, one.family) == (schema, family)
        and (measuring := major.measuring(number))
        and not skipped(measuring, one)
        for found, worked in [measuring.mutated(one)]
        if (wrong := complaints(one, found, worked=worked) if measuring.dynamic else static_complaints(one, found))
    }
    assert missed == {}


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_no_correct_variant_raises_an_alarm(major: Major, schema: str) -> None:
    """What is sound on the newest version is sound on this one."""
    alarms = {
        one.id: alarm
        for number, one in enumerate(variants())
        if one.schema == schema
        and not one.known
        and (measuring := major.measuring(number))
        and not skipped(measuring, one)
        and (alarm := readable(measuring.varied(one).new))
    }
    assert alarms == {}
