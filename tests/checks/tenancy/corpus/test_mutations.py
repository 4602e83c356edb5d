"""Every mutation of the corpus is found on the newest PostgreSQL, and its repair is seen."""

from __future__ import annotations

import pytest

from tests.checks.tenancy.corpus.cases import Mutation, mutations
from tests.checks.tenancy.corpus.judged import complaints, fast, parameters, readable, selected, skipped
from tests.checks.tenancy.corpus.measuring import Measuring

CASES = mutations()


@pytest.mark.parametrize("mutation", parameters(CASES, fast(CASES), selected(CASES)))
def test_a_mutation_is_found(corpus: Measuring, mutation: Mutation) -> None:
    """Its exploit works while it lasts and not before; the checks that must report it do, at least as severely."""
    if why := skipped(corpus, mutation):
        pytest.skip(why)
    assert (mutation.exploit is None) == bool(mutation.harmless)
    if mutation.exploit is not None:
        assert not corpus.server.works(mutation.schema, mutation.exploit)
    found, worked = corpus.mutated(mutation)
    assert complaints(mutation, found, worked=worked) == [], readable(found.new)


@pytest.mark.parametrize("schema", sorted({case.schema for case in CASES}))
def test_a_repaired_schema_is_as_it_was(corpus: Measuring, schema: str) -> None:
    """After its mutations were made and repaired, the checks say of the schema what they said before."""
    assert corpus.observe(schema).seen == corpus.sound(schema)
