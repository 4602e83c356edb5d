"""Assigns causes: a leak through a policy that already fails is a symptom of that policy, not a second finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby
from types import MappingProxyType
from typing import Final, TypeAlias

from basewatch.affected import ABSENT, KEY, Affected, broader
from basewatch.check import AnyCheck, FollowsFrom
from basewatch.components import Component, Database, Key, Relation, related
from basewatch.model import Finding, Reason, Status

_CausesByPair: TypeAlias = Mapping[Affected, Sequence[Finding]]
_Found: TypeAlias = dict[str, Finding]
_Named: TypeAlias = Mapping[str, Sequence[Finding]]
_NO_COMPONENTS: Final[Mapping[str, Component]] = MappingProxyType({})
_OF_KEYS = "inventory.key."
_NO_ANSWER = (Reason.UNREACHABLE, Reason.TIMEOUT)
_DATABASE_DOWN = (
    FollowsFrom(check="inventory.aurora.*", of=Relation.CLUSTER, status=Status.UNVERIFIED, reasons=_NO_ANSWER),
    FollowsFrom(
        check="inventory.proxy.available",
        of=Relation.CLUSTER,
        status=Status.UNVERIFIED,
        reasons=(*_NO_ANSWER, Reason.DENIED),
        source="postgresql:*/proxy/*",
    ),
)


def causes_of_all(check: AnyCheck) -> tuple[FollowsFrom, ...]:
    """The causes of a whole finding of the check: its own, and those of every check that connects to a database."""
    return (*check.follows_from, *(_DATABASE_DOWN if check.component is Database else ()))


def assign_causes(
    findings: Iterable[Finding],
    checks: Iterable[AnyCheck],
    current_findings: Iterable[Finding] = (),
    components: Mapping[str, Component] = _NO_COMPONENTS,
) -> tuple[Finding, ...]:
    """The findings in the given order, each with the key of the finding that causes it, or with an empty one.

    A finding has a cause in one of four ways. Of a component, or a part of one, that is declared and does not exist,
    the finding of the inventory is the cause of all others. Of a KMS key, on which many components may depend, one
    finding about it is the cause of those of all components. A FAIL that affects pairs has a cause when FAILs of the
    checks in its check's `explained_by`, on the same component, cover every pair. A FAIL that affects none, and an
    UNVERIFIED finding, have a cause when there is a FAIL that its check's `follows_from` names.

    The cause is the most severe of these, the first by id among equals. A cause has no cause itself.
    `current_findings` are current findings of earlier runs, and `components` the known ones by ref.
    """
    given = tuple(_with_cause(finding, "") for finding in findings)
    current, known = tuple(current_findings), {check.id: check for check in checks}
    found = _of_absent_ones(given, current)
    found |= _of_keys(given, current, found)
    found |= _of_pairs(given, current, known)
    _add_wholes(found, given, current, known, components)
    return tuple(_with_cause(finding, _root_key(finding, found)) for finding in given)


def _by_id(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.component, finding.subject


def _most_severe_first(finding: Finding) -> tuple[object, ...]:
    return (-finding.severity.rank, *_by_id(finding))


def _is_absent(finding: Finding) -> bool:
    return finding.status is Status.FAIL and any(what == ABSENT for what, _ in finding.affected)


def _of_absent_ones(given: Iterable[Finding], current: Iterable[Finding]) -> _Found:
    """Many checks find out that one component does not exist; the check whose promise that is says so."""
    by_object: defaultdict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in (*given, *(each for each in current if not each.cause)):
        if _is_absent(finding):
            by_object[finding.component, finding.affected].append(finding)
    found: _Found = {}
    for alike in by_object.values():
        lead = min(alike, key=lambda f: (not f.check.startswith("inventory."), *_most_severe_first(f)))
        found |= {finding.key: lead for finding in alike if finding.key != lead.key}
    return found


def _of_keys(given: Iterable[Finding], current: Iterable[Finding], found: Collection[str]) -> _Found:
    """Every component that depends on a key finds out that it cannot be used; the key's own finding leads."""
    by_key: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in (*given, *(each for each in current if not each.cause)):
        if finding.key not in found:
            for key in _keys(finding):
                by_key[key].append(finding)
    leads = {key: min(alike, key=_own_finding_first) for key, alike in by_key.items()}
    own = {lead.key for lead in leads.values()}
    return {
        finding.key: leads[min(_keys(finding))]
        for alike in by_key.values()
        for finding in alike
        if finding.key not in own
    }


def _keys(finding: Finding) -> frozenset[str]:
    named = (name for what, name in finding.affected if what == KEY)
    if _is_absent(finding):
        declared = ((what, ref.partition("/")) for what, ref in finding.affected)
        named = (name for what, (kind, _, name) in declared if what == ABSENT and kind == Key.kind)
    return frozenset(named if finding.status is Status.FAIL else ())


def _own_finding_first(finding: Finding) -> tuple[object, ...]:
    return (not finding.check.startswith(_OF_KEYS), *_most_severe_first(finding))


def _of_pairs(given: Iterable[Finding], current: Iterable[Finding], checks: Mapping[str, AnyCheck]) -> _Found:
    failing = sorted((f for f in given if _affects(f)), key=_by_id)
    current = [f for f in current if _affects(f) and not f.cause]
    found: _Found = {}
    for (check, component), symptoms in groupby(failing, key=lambda f: (f.check, f.component)):
        globs = checks[check].explained_by if check in checks else ()
        candidates = (f for f in (*failing, *current) if f.component == component and f.key not in found)
        causes = _by_pair(f for f in candidates if f.check != check and any(fnmatchcase(f.check, g) for g in globs))
        found |= {symptom.key: cause for symptom in symptoms if (cause := _cause(symptom, causes)) is not None}
    return found


def _affects(finding: Finding) -> bool:
    return finding.status is Status.FAIL and bool(finding.affected) and not (_is_absent(finding) or _keys(finding))


def _by_pair(causes: Iterable[Finding]) -> _CausesByPair:
    found: defaultdict[Affected, list[Finding]] = defaultdict(list)
    for cause in causes:
        for pair in cause.affected:
            found[pair].append(cause)
    return found


def _cause(symptom: Finding, causes: _CausesByPair) -> Finding | None:
    covering = [[c for pair in broader(affected) for c in causes.get(pair, ())] for affected in symptom.affected]
    if not all(covering):
        return None
    return min((c for each in covering for c in each), key=_most_severe_first)


def _add_wholes(
    found: _Found,
    given: Iterable[Finding],
    current: Iterable[Finding],
    checks: Mapping[str, AnyCheck],
    components: Mapping[str, Component],
) -> None:
    failing: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in sorted((*given, *current), key=_most_severe_first):
        if finding.status is Status.FAIL:
            failing[finding.component].append(finding)
    effects = sorted((f for f in given if f.key not in found and _is_whole(f)), key=_by_id)
    for (check, ref), alike in groupby(effects, key=lambda f: (f.check, f.component)):
        links = causes_of_all(checks[check]) if check in checks else ()
        causes = [(link, _by_subject(link, _causing(link, ref, failing, components))) for link in links]
        for effect in alike:
            _add_whole(found, effect, causes)


def _is_whole(finding: Finding) -> bool:
    return finding.status is Status.UNVERIFIED or (finding.status is Status.FAIL and not finding.affected)


def _causing(
    link: FollowsFrom, ref: str, failing: Mapping[str, Sequence[Finding]], components: Mapping[str, Component]
) -> Iterator[Finding]:
    """The FAILs that a link names, seen from the component `ref`, the most severe first."""
    component = components.get(ref)
    if component is not None and any(getattr(component, name, None) != value for name, value in link.where):
        return
    if component is None:
        refs = frozenset({ref} if link.of is Relation.ITSELF and not link.where else ())
    else:
        refs = related(component, link.of, components)
    named = (f for each in refs for f in failing.get(each, ()) if fnmatchcase(f.check, link.check))
    yield from sorted(named, key=_most_severe_first)


def _by_subject(link: FollowsFrom, named: Iterable[Finding]) -> _Named:
    """The causes by the subject that each explains; one on another component explains every subject, as `""`."""
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for cause in named:
        found[cause.subject if link.of is Relation.ITSELF else ""].append(cause)
    return found


def _add_whole(found: _Found, effect: Finding, causes: Sequence[tuple[FollowsFrom, _Named]]) -> None:
    fitting = (
        next((c for c in named.get(subject, ()) if c.key != effect.key and not _leads_to(c, effect, found)), None)
        for link, named in causes
        if link.status is effect.status
        and (effect.reason in link.reasons or effect.reason is None)
        and fnmatchcase(effect.source, link.source)
        for subject in dict.fromkeys(("", effect.subject))
    )
    if best := min((cause for cause in fitting if cause is not None), key=_most_severe_first, default=None):
        found[effect.key] = best


def _leads_to(cause: Finding, effect: Finding, found: Mapping[str, Finding]) -> bool:
    """Whether the effect is among the causes of its cause: two that explain each other are not both hidden."""
    at: Finding | None = cause
    while at is not None:
        if effect.key in (at.key, at.cause):
            return True
        at = found.get(at.key)
    return False


def _root_key(finding: Finding, found: Mapping[str, Finding]) -> str:
    """The key of the last finding in the chain of causes; empty when the finding has no cause."""
    cause = found.get(finding.key)
    while cause is not None and cause.key in found:
        cause = found[cause.key]
    # Only a finding of an earlier run has a cause here.
    return (cause.cause or cause.key) if cause else ""


def _with_cause(finding: Finding, cause: str) -> Finding:
    return finding if finding.cause == cause else replace(finding, cause=cause)
