"""The server of the corpus: one for the whole session, as its four schemas take seconds to make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.checks.tenancy.corpus.measuring import Measuring
from tests.checks.tenancy.corpus.server import start_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measuring]:
    """Every schema of the corpus, sound, with all checks of tenancy; a test that breaks one repairs it."""
    with start_corpus(tmp_path_factory.mktemp("corpus")) as server:
        yield Measuring(server=server)
