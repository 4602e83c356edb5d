"""Sound ways to build tenant isolation raise no alarm, and neither do the schemas they are tried on."""

from __future__ import annotations

import pytest

from tests.checks.tenancy.corpus.cases import Variant, mutations, variants
from tests.checks.tenancy.corpus.declared import SCHEMAS
from tests.checks.tenancy.corpus.judged import parameters, skipped, told
from tests.checks.tenancy.corpus.measuring import Measuring, not_green

CASES = variants()
FAST = frozenset(case.id for case in CASES[::4])


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_a_sound_schema_is_green(corpus: Measuring, schema: str) -> None:
    """Whatever its keys, names and ways to write policies: nothing fails, and nothing is left unverified."""
    assert told(f for f in corpus.look(schema).findings if not_green(f)) == []


@pytest.mark.parametrize("variant", parameters(CASES, FAST))
def test_a_correct_variant_raises_no_alarm(corpus: Measuring, variant: Variant) -> None:
    """What is built another way and holds is called sound, with no word more in the manifest than it needs."""
    if why := skipped(corpus, variant):
        pytest.skip(why)
    assert told(corpus.varied(variant).new) == []


def test_every_case_has_its_own_name() -> None:
    """No two mutations and no two variants share an id, so that a finding of one is told from another's."""
    ids = [*(case.id for case in mutations()), *(case.id for case in variants())]
    assert len(ids) == len(set(ids))
