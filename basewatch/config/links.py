"""What one part of the configuration says of another: names that must resolve, and promises that can be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from basewatch.components import KINDS, InAccount
from basewatch.config.model import RunPolicy
from basewatch.config.nodes import Document, Keys
from basewatch.config.problems import did_you_mean
from basewatch.errors import Problem, WrongValue
from basewatch.model import JSON
from basewatch.quantities import duration_text, parse_duration

# These read the plain values, not the models: what is wrong elsewhere in the file must not hide a broken link.


def broken_links(document: Document, known_checks: frozenset[str] | None) -> Iterator[Problem]:
    """Every name that leads nowhere or stands twice; check ids are left alone when none are known."""
    yield from _nothing_to_watch(document)
    for section in (*(("components", kind.section) for kind in KINDS), ("alerts", "channels")):
        yield from _repeated_names(document, section)
    yield from _unknown(document, ("components", "databases"), "cluster", ("components", "aurora_clusters"))
    yield from _unknown(document, ("components", "dump_backups"), "database", ("components", "databases"))
    yield from _unknown(document, ("alerts", "routes"), "channel", ("alerts", "channels"))
    yield from _channels_without_a_route(document)
    yield from _accounts(document)
    if known_checks is not None:
        yield from _unknown_checks(document, known_checks)
    yield from _never_seen(document)


def _mapping(document: Document, at: Keys) -> Mapping[str, JSON]:
    value = document.value(at)
    return value if isinstance(value, dict) else {}


def _items(document: Document, section: Keys) -> Iterator[tuple[Keys, Mapping[str, JSON]]]:
    value = document.value(section)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield (*section, index), item


def _names(document: Document, section: Keys) -> list[str]:
    return [name for _, item in _items(document, section) if isinstance(name := item.get("name"), str)]


def _nothing_to_watch(document: Document) -> Iterator[Problem]:
    declared = document.value(("components",))
    if isinstance(declared, dict) and all(value in ([], {}) for value in declared.values()):
        kinds = ", ".join(kind.section for kind in KINDS)
        yield document.problem(("components",), "nothing is declared, so nothing would be watched", f"declare {kinds}")


def _repeated_names(document: Document, section: Keys) -> Iterator[Problem]:
    first: dict[str, Keys] = {}
    for at, item in _items(document, section):
        name = item.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            line = document.place((*first[name], "name")).line
            yield document.problem(
                (*at, "name"), f"'{name}' is already the name of the one in line {line}", "give each a name of its own"
            )
        first.setdefault(name, at)


def _unknown(document: Document, section: Keys, key: str, named: Keys) -> Iterator[Problem]:
    known = _names(document, named)
    for at, item in _items(document, section):
        name = item.get(key)
        if isinstance(name, str) and name not in known:
            yield _no_such(document, (*at, key), name, known, ".".join(map(str, named)))


def _no_such(document: Document, at: Keys, name: str, known: list[str], where: str) -> Problem:
    declared = f"{where} has {', '.join(known)}" if known else f"{where} is empty"
    return document.problem(at, f"there is no '{name}' in {where}", f"{did_you_mean(name, known)}{declared}")


def _channels_without_a_route(document: Document) -> Iterator[Problem]:
    routed = [item.get("channel") for _, item in _items(document, ("alerts", "routes"))]
    for at, item in _items(document, ("alerts", "channels")):
        name = item.get("name")
        if isinstance(name, str) and name not in routed:
            yield document.problem(
                (*at, "name"),
                f"no route leads to '{name}', so it would never be told anything",
                f"add {{channel: {name}}} to alerts.routes, or remove the channel",
            )


def _accounts(document: Document) -> Iterator[Problem]:
    accounts = _mapping(document, ("aws", "accounts"))
    sections = (("components", kind.section) for kind in KINDS if issubclass(kind, InAccount))
    declared = [(at, item) for section in sections for at, item in _items(document, section)]
    if declared and ("aws",) not in document.values:
        yield document.problem(
            declared[0][0],
            "this is in an AWS account, and the configuration declares none",
            "add `aws:` with the accounts to look at, or leave everything out that is not a database",
        )
    for at, item in declared:
        yield from _account_of(document, at, item, accounts)


def _account_of(
    document: Document, at: Keys, item: Mapping[str, JSON], accounts: Mapping[str, JSON]
) -> Iterator[Problem]:
    account = item.get("account")
    if account is None and len(accounts) > 1:
        yield document.problem(at, "which account this is in is not said", f"add account: one of {', '.join(accounts)}")
    elif isinstance(account, str) and account not in accounts:
        yield _no_such(document, (*at, "account"), account, list(accounts), "aws.accounts")
    elif accounts:
        name = account if isinstance(account, str) else next(iter(accounts))
        yield from _region_of(document, at, item, name)


def _region_of(document: Document, at: Keys, item: Mapping[str, JSON], account: str) -> Iterator[Problem]:
    where: Keys = ("aws", "accounts", account, "regions")
    written = document.value(where)
    regions = [region for region in written if isinstance(region, str)] if isinstance(written, list) else []
    region = item.get("region")
    if region is None and len(regions) > 1:
        yield document.problem(at, "which region this is in is not said", f"add region: one of {', '.join(regions)}")
    elif isinstance(region, str) and regions and region not in regions:
        yield _no_such(document, (*at, "region"), region, regions, ".".join(map(str, where)))


def _unknown_checks(document: Document, known: frozenset[str]) -> Iterator[Problem]:
    for check in _mapping(document, ("checks",)):
        if check not in known:
            remedy = f"{did_you_mean(check, sorted(known))}`basewatch checks list` shows them all"
            yield document.problem(("checks", check), f"there is no check '{check}'", remedy, on_key=True)


def _never_seen(document: Document) -> Iterator[Problem]:
    window = max(_duration(document, "every", RunPolicy().every), _duration(document, "lookback", RunPolicy().lookback))
    for at in document.values:
        value = document.value(at) if at[:1] == ("components",) else None
        _, separator, tail = value.partition(" for ") if isinstance(value, str) else ("", "", "")
        sustained = _parsed(tail) if separator else None
        if sustained is not None and sustained > window:
            yield document.problem(
                at,
                f"{duration_text(sustained)} is longer than any run looks back ({duration_text(window)})",
                "shorten it, or make run.lookback longer",
            )


def _duration(document: Document, key: str, default: timedelta) -> timedelta:
    return _parsed(document.value(("run", key))) or default


def _parsed(value: object) -> timedelta | None:
    try:
        return parse_duration(value)
    except WrongValue:
        return None
