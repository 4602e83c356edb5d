"""Every way to break isolation that is written down for SecureBase is found, and its repair is seen."""

from __future__ import annotations

import pytest

from tests.checks.tenancy.corpus.cases import Mutation, mutations
from tests.checks.tenancy.corpus.judged import complaints, parameters, selected, skipped, told
from tests.checks.tenancy.corpus.measuring import Measuring

CASES = [case for case in mutations() if case.schema == "securebase"]


@pytest.mark.parametrize("mutation", parameters(CASES, selected(CASES)))
def test_a_mutation_is_found(corpus: Measuring, mutation: Mutation) -> None:
    """Its exploit works while it lasts and not before, and the checks that must report it do, badly enough."""
    if why := skipped(corpus, mutation):
        pytest.skip(why)
    assert (mutation.exploit is None) == bool(mutation.harmless)
    if mutation.exploit is not None:
        assert not corpus.server.works(mutation.schema, mutation.exploit)
    found, worked = corpus.mutated(mutation)
    assert complaints(mutation, found, worked=worked) == [], told(found.new)


@pytest.mark.parametrize("schema", sorted({case.schema for case in CASES}))
def test_what_was_repaired_is_as_it_was(corpus: Measuring, schema: str) -> None:
    """After every mutation was made and repaired, the checks say of the schema what they said before."""
    assert corpus.look(schema).seen == corpus.sound(schema)
