"""The corpus as a page: what finds what, how much of it, at what cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from basewatch.model import Severity
from tests.checks.tenancy.corpus.cases import CLASSES, Mutation, Variant
from tests.checks.tenancy.corpus.measuring import Found

_TOP = """\
# What the tenancy checks find

Every way to break tenant isolation that the corpus of tests knows, tried on PostgreSQL {version} and repaired again:
*static* are the checks that read the catalogues, *dynamic* those that try what a principal can do. *Real* says that an
exploit was seen to get at another tenant's rows, or to change what it must not, while it lasted.

The corpus is in `tests/checks/tenancy/corpus/`; `python -m tests.checks.tenancy.corpus` writes this page.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A mutation with what was found of it; `worked` says that its exploit did."""

    mutation: Mutation
    found: Found
    worked: bool

    @property
    def missed(self) -> tuple[str, ...]:
        """The sides that were to find it and did not."""
        sides = (
            ("static", self.mutation.static, self.found.static),
            ("dynamic", self.mutation.dynamic, self.found.dynamic),
        )
        return tuple(name for name, expected, found in sides if expected and not found)


def page(version: int, tried: Sequence[Tried], varied: Sequence[tuple[Variant, Found]]) -> str:
    """The page in Markdown."""
    return "\n".join((_TOP.format(version=version), *_recall(tried), *_alarms(varied), *_cost(tried), *_cases(tried)))


def _recall(tried: Sequence[Tried]) -> Iterator[str]:
    yield "## Recall\n"
    yield "| class | mutations | exploits that worked | static | dynamic | either | of critical and high |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for letter, name in (*CLASSES.items(), ("", "**all**")):
        of = [each for each in tried if each.mutation.id.startswith(letter)]
        grave = [each for each in of if each.mutation.severity.rank >= Severity.HIGH.rank]
        counts = [sum(counted) for counted in zip(*(_counted(each) for each in of), strict=True)] or [0, 0, 0, 0]
        found = sum(bool(each.found.new) for each in grave)
        yield f"| {name} | {len(of)} | {' | '.join(map(str, counts))} | {found} of {len(grave)} |"
    missed = [f"{each.mutation.id} ({', '.join(each.missed)})" for each in tried if each.missed]
    yield f"\nMissed by a side that was to find it: {', '.join(missed) or 'none'}.\n"


def _counted(each: Tried) -> tuple[bool, bool, bool, bool]:
    return each.worked, bool(each.found.static), bool(each.found.dynamic), bool(each.found.new)


def _alarms(varied: Sequence[tuple[Variant, Found]]) -> Iterator[str]:
    yield "## False alarms\n"
    alarms = [(variant, found) for variant, found in varied if found.new]
    yield f"{len(alarms)} of {len(varied)} correct variants raise one" + (":\n" if alarms else ".\n")
    for variant, found in alarms:
        yield f"- {variant.id}, {variant.title}: {', '.join(sorted({f.check for f in found.new}))}"
    if alarms:
        yield ""


def _cost(tried: Sequence[Tried]) -> Iterator[str]:
    passes = [each.found.observed for each in tried]
    yield "## Cost of one look\n"
    yield "| side | statements and probes, median | time, median |"
    yield "|---|---:|---:|"
    for side, name in enumerate(("static", "dynamic")):
        asked = median(each.statements[side] for each in passes)
        took = median(each.seconds[side] for each in passes)
        yield f"| {name} | {asked:.0f} | {took * 1000:.0f} ms |"
    yield ""


def _cases(tried: Sequence[Tried]) -> Iterator[str]:
    for letter, name in CLASSES.items():
        yield f"## {name.capitalize()}\n"
        yield "| id | schema | severity | what | static | dynamic | real |"
        yield "|---|---|---|---|---|---|---|"
        for each in tried:
            if each.mutation.id.startswith(letter):
                yield _row(each)
        yield ""


def _row(each: Tried) -> str:
    mutation = each.mutation
    static, dynamic = (
        ", ".join(sorted({f.check.rpartition(".")[2] for f in found})) or "-"
        for found in (each.found.static, each.found.dynamic)
    )
    real = "yes" if each.worked else "no" if mutation.exploit else "n/a"
    title = mutation.title.replace("|", "\\|")
    return f"| {mutation.id} | {mutation.schema} | {mutation.severity} | {title} | {static} | {dynamic} | {real} |"
