"""Sound ways to build tenant isolation raise no alarm, and neither do the schemas they are tried on."""

from __future__ import annotations

import pytest

from tests.checks.tenancy.corpus.cases import Variant, mutations, variants
from tests.checks.tenancy.corpus.declared import SCHEMAS
from tests.checks.tenancy.corpus.judged import parameters, readable, skipped
from tests.checks.tenancy.corpus.measuring import Measuring, not_green

CASES = variants()
FAST = frozenset(case.id for case in CASES[::32])
MEASURED = frozenset(case.id for case in CASES[::8])


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_a_sound_schema_is_green(corpus: Measuring, schema: str) -> None:
    """Nothing fails and nothing is unverified, whatever its keys, names and policies are."""
    assert readable(f for f in corpus.observe(schema).findings if not_green(f)) == []


@pytest.mark.parametrize("variant", parameters(CASES, FAST, MEASURED))
def test_a_correct_variant_raises_no_alarm(corpus: Measuring, variant: Variant) -> None:
    """A sound design passes, with no more in the manifest than it needs."""
    if why := skipped(corpus, variant):
        pytest.skip(why)
    assert readable(corpus.varied(variant).new) == []


def test_every_case_has_its_own_name() -> None:
    """No two mutations and no two variants share an id, so that each is found by its id."""
    ids = [*(case.id for case in mutations()), *(case.id for case in variants())]
    assert len(ids) == len(set(ids))
