"""Places that Basewatch looks at: a region, an account, a database, and what they are parts of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from alerts.grouping.findings import NOT_SEEN, answered, is_at_the_door, pair_of, sources_of
from alerts.picture import Picture
from basewatch.components import Database
from basewatch.model import Finding, Reason

EVERYTHING: Final = "everything"
_AWS, _POSTGRESQL, _ENDPOINT = "aws", "postgresql", "endpoint"
# AWS answers such a request, so one action alone says nothing of the others.
_REFUSALS = (Reason.DENIED, Reason.THROTTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindPlace:
    """A place of which nothing answered: its id, which stays the same while it is blind, and its name for people."""

    id: str
    name: str
    findings: tuple[Finding, ...]


def blind_places(picture: Picture, findings: Iterable[Finding]) -> tuple[BlindPlace, ...]:
    """The widest places of which no finding rests on an answer, each with the findings that could not be verified.

    A region is part of its account, an account of AWS, a database of its cluster and of all databases, and both of
    everything. A place that consists of one smaller place is that place.
    """
    looks = _looks(picture, findings)
    blind = {leaf for leaf, found in looks.items() if _is_blind(picture, found)}
    # What is read from Basewatch's own records is no place that it looks at.
    leaves = dict.fromkeys((*(_leaf(source) for source in picture.sources.values()), *blind))
    parts = _parts(picture, leaves)
    within: defaultdict[str, dict[str, Finding]] = defaultdict(dict)
    for leaf in leaves:
        if leaf in blind:
            unseen = {f.key: f for f in looks[leaf] if not answered(f)}
            within[_widest(_path(picture, leaf), parts, blind)].update(unseen)
    return tuple(
        BlindPlace(id=place, name=_name(picture, place, parts[place]), findings=tuple(found.values()))
        for place, found in within.items()
    )


def all_places(picture: Picture) -> tuple[BlindPlace, ...]:
    """Every place that could be blind, however large, without findings."""
    leaves = dict.fromkeys(_leaf(source) for source in picture.sources.values())
    parts = _parts(picture, leaves)
    places = dict.fromkeys(place for leaf in leaves for place in _path(picture, leaf))
    return tuple(BlindPlace(id=place, name=_name(picture, place, parts[place]), findings=()) for place in places)


def source_name(picture: Picture, source: str) -> str:
    """A source in words, such as `AWS account production (123456789012), us-east-1` or `database main as app`."""
    kind, _, rest = source.partition(":")
    place, _, endpoint = rest.partition("/")
    if kind == _AWS:
        return f"{_account_name(picture, place)}{f', {endpoint}' if endpoint else ''}"
    if kind == _ENDPOINT:
        return f"endpoint {rest}"
    if kind != _POSTGRESQL:
        return source
    how, _, role = endpoint.partition("/")
    database = f"database {place}"
    words = {"login": f"{database} as {role}", "proxy": f"{database} through its proxy as {role}"}
    return f"the reader of {database}" if how == "reader" else words.get(how, database)


def _looks(picture: Picture, findings: Iterable[Finding]) -> Mapping[str, tuple[Finding, ...]]:
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        for leaf in dict.fromkeys(_leaf(source) for source in sources_of(finding, picture)):
            found[leaf].append(finding)
    return {leaf: tuple(each) for leaf, each in found.items()}


def _leaf(source: str) -> str:
    """The smallest place of a source: an AWS region, or a database with all its endpoints."""
    return source.partition("/")[0] if source.startswith(f"{_POSTGRESQL}:") else source


def _is_blind(picture: Picture, findings: Iterable[Finding]) -> bool:
    given = tuple(findings)
    missed = [f for f in given if not answered(f) and f.reason in NOT_SEEN]
    # An answer of an earlier pass counts, unless this pass did not even get in where that answer came from.
    shut = {f.source for f in missed if is_at_the_door(f.action) and pair_of(f) in picture.judged}
    answers = (f for f in given if answered(f))
    if not missed or any(
        pair_of(f) in picture.judged or not shut.intersection(sources_of(f, picture)) for f in answers
    ):
        return False
    actions = {f.action for f in missed}
    refused = all(f.reason in _REFUSALS and not is_at_the_door(f.action) for f in missed)
    return not (refused and len(actions) == 1)


def _path(picture: Picture, leaf: str) -> tuple[str, ...]:
    """The place and all that it is part of, the smallest first."""
    kind, _, name = leaf.partition(":")
    if kind == _AWS:
        return leaf, leaf.partition("/")[0], _AWS, EVERYTHING
    if kind == _POSTGRESQL:
        database = picture.components.get(f"database/{name}")
        cluster = database.cluster if isinstance(database, Database) else None
        return (leaf, *((f"aurora_cluster/{cluster}",) if cluster else ()), _POSTGRESQL, EVERYTHING)
    return leaf, EVERYTHING


def _parts(picture: Picture, leaves: Iterable[str]) -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for leaf in leaves:
        for place in _path(picture, leaf):
            found[place].add(leaf)
    return {place: frozenset(each) for place, each in found.items()}


def _widest(path: tuple[str, ...], parts: Mapping[str, frozenset[str]], blind: set[str]) -> str:
    widest = [place for place in path if parts[place] <= blind][-1]
    same = [place for place in path if parts[place] == parts[widest]]
    # People know an account rather than its only region.
    return same[1] if same[0].startswith(f"{_AWS}:") and "/" in same[0] and len(same) > 1 else same[0]


def _name(picture: Picture, place: str, parts: frozenset[str]) -> str:
    kind, _, name = place.partition("/")
    if place == EVERYTHING:
        within = {part: frozenset(p for p in parts if part in _path(picture, p)) for part in _top(picture, parts)}
        return f"anything: {' and '.join(_name(picture, part, some) for part, some in within.items())}"
    if place == _AWS:
        accounts = sorted({leaf.partition("/")[0] for leaf in parts})
        return _all_of("AWS accounts", [source_name(picture, account) for account in accounts])
    databases = [source_name(picture, leaf) for leaf in sorted(parts)]
    if place == _POSTGRESQL:
        return _all_of("databases", databases)
    if kind == "aurora_cluster":
        return _all_of(f"databases of Aurora cluster {name}", databases)
    return source_name(picture, place)


def _top(picture: Picture, parts: frozenset[str]) -> tuple[str, ...]:
    """The largest places below everything."""
    return tuple(sorted({path[-2] for path in (_path(picture, leaf) for leaf in parts)}))


def _all_of(what: str, names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"the {len(names)} {what}"


def _account_name(picture: Picture, id_: str) -> str:
    name = picture.accounts.get(id_)
    return f"AWS account {name} ({id_})" if name else f"AWS account {id_}"
