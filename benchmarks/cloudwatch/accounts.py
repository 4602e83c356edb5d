"""B11: two accounts, asked through a role in each, or both through a monitoring account."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.measured import Measured
from benchmarks.cloudwatch.running import ACCOUNT
from benchmarks.cloudwatch.scenarios import Options, calls_at_least, voyage
from benchmarks.cloudwatch.settings import Settings
from benchmarks.cloudwatch.truth import readings

_OTHER = "210987654321"
_REGIONS = ["us-east-1"]
_WAYS = {
    "AssumeRole": {
        "main": {"id": ACCOUNT, "role": "reader", "regions": _REGIONS},
        "other": {"id": _OTHER, "role": "reader", "regions": _REGIONS},
    },
    "OAM": {
        "main": {"id": ACCOUNT, "regions": _REGIONS},
        "other": {"id": _OTHER, "through": "main", "regions": _REGIONS},
    },
}


def two(_: Options) -> Iterator[Measured]:
    """B11: the small account twice. Both ways show the same; a monitoring account never needs more calls."""
    pages = dict[str, set[bytes]]()
    for way, accounts in _WAYS.items():
        with voyage(Settings(accounts=accounts, every="1m", slow="1m"), Knobs(linked=_OTHER)) as trip:
            trip.refresh()
            done = trip.refresh()
            queries = done.counted["queries"]
            askers = 1 if way == "OAM" else 2
            least = askers * calls_at_least(queries // askers, done.counted["datapoints"] // askers)
            compared = readings(trip.driven.page(trip.at), trip.expected(), trip.end, trip.driven.up())
            pages[way] = set(trip.driven.page(trip.at))
        yield Measured(
            scenario="B11",
            what=f"{way}: steady calls",
            ours=done.calls,
            limit=least,
            aim=least,
            unit="calls",
            by=f"{queries} queries",
        )
        yield Measured(scenario="B11", what=f"{way}: billed, five for one", ours=done.counted["billed"], unit="metrics")
        yield Measured(
            scenario="B11",
            what=f"{way}: series that do not say the truth",
            ours=compared.wrong + compared.absent,
            unit=f"of {compared.right + compared.wrong + compared.absent}",
            aim=0,
        )
    differing = len(pages["OAM"] ^ pages["AssumeRole"])
    yield Measured(scenario="B11", what="series that only one of the ways shows", ours=differing, aim=0)
