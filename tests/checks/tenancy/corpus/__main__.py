"""Tries the whole corpus on the box's PostgreSQL, or on the binaries in the folder given, and writes the matrix."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.checks.tenancy.corpus.cases import mutations, variants
from tests.checks.tenancy.corpus.judged import skipped
from tests.checks.tenancy.corpus.matrix import Tried, page
from tests.checks.tenancy.corpus.measuring import Measuring
from tests.checks.tenancy.corpus.server import start_corpus
from tests.repository import ROOT

PAGE = ROOT / "docs" / "tenancy-matrix.md"


def main(folder: str | None) -> None:
    """Write docs/tenancy-matrix.md, or with a folder of binaries print the page and leave the file alone."""
    binaries = Path(folder) if folder else None
    with tempfile.TemporaryDirectory() as directory, start_corpus(Path(directory), binaries=binaries) as server:
        measuring = Measuring(server=server)
        tried = [
            Tried(mutation=one, found=found, worked=worked)
            for one in sorted(mutations(), key=lambda one: (one.id[0], int(one.id[1:])))
            if not skipped(measuring, one)
            for found, worked in [measuring.mutated(one)]
        ]
        varied = [(one, measuring.varied(one)) for one in variants() if not skipped(measuring, one)]
        text = page(server.version, tried, varied)
    if folder:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
