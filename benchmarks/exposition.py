"""Rendering what Prometheus scrapes, beside joining its lines when they are already there."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.timing import Figure, seconds
from collectors import COLLECTORS
from reports.accumulator import Sample
from reports.exposition import render

_SERIES = 10_000


def figures() -> Iterator[Figure]:
    """One figure: what escaping, sorting and grouping 10,000 series costs a refresh; a scrape gets them ready made."""
    names = sorted({spec.name for collector in COLLECTORS for spec in collector.specs})
    samples = [
        Sample(
            name=names[number % len(names)],
            labels=(("aws_account_id", "123456789012"), ("aws_region", "us-east-1"), ("resource", f"r-{number}")),
            value=number / 7,
        )
        for number in range(_SERIES)
    ]

    def rendered() -> bytes:
        return render(collectors=COLLECTORS, samples=samples, collected=None, run=None, version="0")

    lines = rendered().decode().splitlines()
    yield Figure(
        what=f"render {_SERIES:,} series",
        ours=seconds(rendered),
        bound="join and encode the finished lines",
        least=seconds(lambda: "\n".join(lines).encode()),
    )
