"""Every repair that a finding prints runs as it stands, closes the leak, and leaves the application its own rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import psycopg
import pytest

from basewatch.components import Database
from basewatch.model import Finding
from tests.checks.tenancy.corpus.cases import Mutation, mutations
from tests.checks.tenancy.corpus.declared import SCHEMAS
from tests.checks.tenancy.corpus.judged import readable, selected, skipped
from tests.checks.tenancy.corpus.measuring import Measuring, not_green
from tests.checks.tenancy.corpus.remedies import (
    application,
    keep_copies,
    make_again,
    run_printed,
    statements,
    undo,
    with_printed_digests,
)

pytestmark = pytest.mark.slow

# Why the statements of a case alone do not repair it.
BY_HAND: Final[Mapping[str, str]] = {
    "D85": "a built-in function whose body was replaced has to come from another cluster, as the next check says",
}
CASES = [one for one in mutations() if one.static and one.id not in BY_HAND]
FAST = selected(CASES)
# Each night all of them are tried: it takes minutes.
TRIED = (
    CASES
    if os.environ.get("BASEWATCH_REMEDIES") == "all"
    else [one for one in CASES if one.id in FAST or one in CASES[::12]]
)


@pytest.fixture(scope="module")
def catalogues(corpus: Measuring) -> Measuring:
    """The corpus for the checks that read the catalogues, with a copy of each schema."""
    keep_copies(corpus.server)
    return Measuring(server=corpus.server, dynamic=False)


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(one, id=one.id, marks=[] if one.id in FAST else [pytest.mark.slow, pytest.mark.exhaustive])
        for one in TRIED
    ],
)
def test_a_printed_repair_repairs(catalogues: Measuring, mutation: Mutation) -> None:
    """The statements run in the order in which they are printed; then the exploit fails, and the finding is gone."""
    if why := skipped(catalogues, mutation):
        pytest.skip(why)
    server, schema = catalogues.server, mutation.schema
    catalogues.sound(schema)
    before = application(server, schema)
    server.run(schema, mutation.breaks)
    try:
        broken = application(server, schema)
        found = _new(catalogues, schema, SCHEMAS[schema])
        if not statements(found):
            pytest.skip("it prints no statement")
        run_printed(server, schema, found)
        # A guard that was made again is declared by the digest that the next check prints.
        found = _new(catalogues, schema, SCHEMAS[schema])
        declared = with_printed_digests(SCHEMAS[schema], found)
        # What only the first repair brought to light.
        run_printed(server, schema, found)
        after = application(server, schema)
        assert readable(_new(catalogues, schema, declared)) == []
        assert mutation.exploit is None or not server.works(schema, mutation.exploit)
        lost = {what: (rows, after[what]) for what, rows in before.items() if after.get(what, rows) != rows}
        assert {what: rows for what, rows in lost.items() if broken.get(what) != rows[1]} == {}
    finally:
        _restore(catalogues, mutation)


def _new(catalogues: Measuring, schema: str, component: Database) -> list[Finding]:
    sound = catalogues.sound(schema)
    found = catalogues.observe(schema, component).findings
    return [f for f in found if not_green(f) and (f.check, f.subject, f.status) not in sound]


def _restore(catalogues: Measuring, mutation: Mutation) -> None:
    try:
        catalogues.server.run(mutation.schema, mutation.repair)
    except psycopg.Error:
        undo(catalogues.server, mutation.schema, mutation.repair)
    if catalogues.observe(mutation.schema).seen != catalogues.sound(mutation.schema):
        make_again(catalogues.server, mutation.schema)
