"""References between parts of the configuration: names that have to resolve, and promises that can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from basewatch.components import COMPONENT_SECTIONS, AwsAccount, AwsComponent
from basewatch.config.dependencies import broken_dependencies
from basewatch.config.key_references import unknown_keys
from basewatch.config.observable_windows import unobservable_windows
from basewatch.config.problems import did_you_mean
from basewatch.config.slo import invalid_objectives
from basewatch.config.yaml_document import KeyPath, YamlDocument
from basewatch.errors import Problem
from basewatch.model import JSON

# These read the plain values, not the models: an error elsewhere in the file must not hide a broken reference.


_CHANNELS: KeyPath = ("alerts", "channels")
_DISCOVER: KeyPath = ("collectors", "discover")
_WAYS = ("list", "tags", "describe")


def broken_references(
    document: YamlDocument,
    known_checks: frozenset[str] | None,
    known_collectors: Mapping[str, frozenset[str]] | None = None,
) -> Iterator[Problem]:
    """Every name that does not resolve or is used twice.

    `known_checks` are the ids of the checks, `known_collectors` the collectors by name with the ways in which each can
    discover; None skips that test.
    """
    yield from _nothing_to_watch(document)
    for section in (*(("components", section) for section in COMPONENT_SECTIONS.values()), ("alerts", "channels")):
        yield from _repeated_names(document, section)
    yield from _unknown(document, ("components", "databases"), "cluster", ("components", "aurora_clusters"))
    yield from _unknown(document, ("components", "dump_backups"), "database", ("components", "databases"))
    yield from unknown_keys(document)
    yield from _unknown(document, ("alerts", "routes"), "channel", ("alerts", "channels"))
    yield from _unknown(document, ("alerts", "channels"), "fallback", ("alerts", "channels"))
    yield from _fallbacks_in_a_circle(document)
    yield from _channels_without_a_route(document)
    yield from broken_dependencies(document)
    yield from _accounts(document)
    yield from _monitoring_accounts(document)
    yield from invalid_objectives(document)
    yield from _discovery(document, known_collectors)
    if known_checks is not None:
        yield from _unknown_checks(document, known_checks)
    yield from unobservable_windows(document)


def _mapping(document: YamlDocument, at: KeyPath) -> Mapping[str, JSON]:
    value = document.value(at)
    return value if isinstance(value, dict) else {}


def _items(document: YamlDocument, section: KeyPath) -> Iterator[tuple[KeyPath, Mapping[str, JSON]]]:
    value = document.value(section)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield (*section, index), item


def _names(document: YamlDocument, section: KeyPath) -> list[str]:
    return [name for _, item in _items(document, section) if isinstance(name := item.get("name"), str)]


def _nothing_to_watch(document: YamlDocument) -> Iterator[Problem]:
    declared = document.value(("components",))
    if isinstance(declared, dict) and all(value in ([], {}) for value in declared.values()):
        kinds = ", ".join(COMPONENT_SECTIONS.values())
        yield document.problem(
            ("components",), "no component is declared, so nothing would be watched", f"declare {kinds}"
        )


def _repeated_names(document: YamlDocument, section: KeyPath) -> Iterator[Problem]:
    first: dict[str, KeyPath] = {}
    for at, item in _items(document, section):
        name = item.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            line = document.location((*first[name], "name")).line
            yield document.problem(
                (*at, "name"), f"'{name}' is already the name of the one in line {line}", "give each a name of its own"
            )
        first.setdefault(name, at)


def _unknown(document: YamlDocument, section: KeyPath, key: str, named: KeyPath) -> Iterator[Problem]:
    known = _names(document, named)
    for at, item in _items(document, section):
        name = item.get(key)
        if isinstance(name, str) and name not in known:
            yield _no_such(document, (*at, key), name, known, ".".join(map(str, named)))


def _no_such(document: YamlDocument, at: KeyPath, name: str, known: list[str], where: str) -> Problem:
    declared = f"{where} has {', '.join(known)}" if known else f"{where} is empty"
    return document.problem(at, f"there is no '{name}' in {where}", f"{did_you_mean(name, known)}{declared}")


def _fallbacks_in_a_circle(document: YamlDocument) -> Iterator[Problem]:
    items = [(at, str(item.get("name")), str(item.get("fallback"))) for at, item in _items(document, _CHANNELS)]
    fallbacks = {name: fallback for _, name, fallback in items}
    for at, name, fallback in items:
        following, seen = fallback, list[str]()
        while following in fallbacks and following not in (name, *seen):
            seen.append(following)
            following = fallbacks[following]
        if following == name:
            yield document.problem(
                (*at, "fallback"),
                f"'{name}' falls back to itself",
                "let the last channel have no fallback: a message that no channel accepts stays pending",
            )


def _channels_without_a_route(document: YamlDocument) -> Iterator[Problem]:
    routed = [item.get("channel") for _, item in _items(document, ("alerts", "routes"))]
    routed += [item.get("fallback") for _, item in _items(document, ("alerts", "channels"))]
    for at, item in _items(document, ("alerts", "channels")):
        name = item.get("name")
        if isinstance(name, str) and name not in routed:
            yield document.problem(
                (*at, "name"),
                f"no route leads to '{name}', so it would never be notified",
                f"add {{channel: {name}}} to alerts.routes, or remove the channel",
            )


def _accounts(document: YamlDocument) -> Iterator[Problem]:
    accounts = _mapping(document, ("aws", "accounts"))
    sections = (("components", name) for kind, name in COMPONENT_SECTIONS.items() if issubclass(kind, AwsComponent))
    declared = [(at, item) for section in (*sections, _DISCOVER) for at, item in _items(document, section)]
    if declared and ("aws",) not in document.value_locations:
        yield document.problem(
            declared[0][0],
            "this is in an AWS account, and the configuration declares none",
            "add `aws:` with the accounts, or declare only databases",
        )
    for at, item in declared:
        yield from _account_of(document, at, item, accounts)


def _account_of(
    document: YamlDocument, at: KeyPath, item: Mapping[str, JSON], accounts: Mapping[str, JSON]
) -> Iterator[Problem]:
    if at[1] == COMPONENT_SECTIONS[AwsAccount]:
        # Its name is its account, and it is in no region.
        if isinstance(name := item.get("name"), str) and name not in accounts:
            yield _no_such(document, (*at, "name"), name, list(accounts), "aws.accounts")
        return
    account = item.get("account")
    if account is None and len(accounts) > 1:
        yield document.problem(
            at, "`account` is missing, and there are several accounts", f"add account: one of {', '.join(accounts)}"
        )
    elif isinstance(account, str) and account not in accounts:
        yield _no_such(document, (*at, "account"), account, list(accounts), "aws.accounts")
    elif accounts:
        name = account if isinstance(account, str) else next(iter(accounts))
        yield from _region_of(document, at, item, name)


def _region_of(document: YamlDocument, at: KeyPath, item: Mapping[str, JSON], account: str) -> Iterator[Problem]:
    regions = _regions(document, account)
    region = item.get("region")
    if region is None and len(regions) > 1:
        yield document.problem(
            at, "`region` is missing, and the account has several regions", f"add region: one of {', '.join(regions)}"
        )
    elif isinstance(region, str) and regions and region not in regions:
        yield _no_such(document, (*at, "region"), region, regions, f"aws.accounts.{account}.regions")


def _unknown_checks(document: YamlDocument, known: frozenset[str]) -> Iterator[Problem]:
    for check in _mapping(document, ("checks",)):
        if check not in known:
            remedy = f"{did_you_mean(check, sorted(known))}`basewatch checks list` shows them all"
            yield document.problem(("checks", check), f"there is no check '{check}'", remedy, on_key=True)


def _monitoring_accounts(document: YamlDocument) -> Iterator[Problem]:
    """A monitoring account has to be declared, to have no monitoring account itself, and to have the same regions."""
    accounts = _mapping(document, ("aws", "accounts"))
    for name in accounts:
        at: KeyPath = ("aws", "accounts", name, "monitoring_account")
        through = document.value(at)
        if not isinstance(through, str):
            continue
        if through not in accounts:
            yield _no_such(document, at, through, list(accounts), "aws.accounts")
        elif through == name:
            yield document.problem(at, "an account is not its own monitoring account", "remove `monitoring_account`")
        elif document.value(("aws", "accounts", through, "monitoring_account")) is not None:
            yield document.problem(at, f"'{through}' has a monitoring account itself", "name the one that has none")
        else:
            yield from _unmonitored_regions(
                document, at, _regions(document, name), _regions(document, through), through
            )


def _unmonitored_regions(
    document: YamlDocument, at: KeyPath, regions: list[str], monitored: list[str], through: str
) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html: a sink and
    # its links are in one region.
    for region in regions:
        if monitored and region not in monitored:
            yield document.problem(
                at,
                f"'{through}' does not monitor {region}: CloudWatch links accounts in each region separately",
                f"add {region} to aws.accounts.{through}.regions, or remove `monitoring_account`",
            )


def _regions(document: YamlDocument, account: str) -> list[str]:
    written = document.value(("aws", "accounts", account, "regions"))
    return [region for region in written if isinstance(region, str)] if isinstance(written, list) else []


def _discovery(document: YamlDocument, known: Mapping[str, frozenset[str]] | None) -> Iterator[Problem]:
    """Collectors that do not exist, or cannot discover in this way."""
    for at, item in _items(document, _DISCOVER):
        collector, by = item.get("collector"), item.get("by")
        if item.get("tags") and isinstance(by, str) and by != "tags":
            yield document.problem((*at, "tags"), f"by: {by} does not filter by tags", "write by: tags, or remove tags")
        if known is None or not isinstance(collector, str):
            continue
        if collector not in known:
            yield document.problem(
                (*at, "collector"),
                f"there is no collector '{collector}'",
                f"{did_you_mean(collector, known)}there are {', '.join(known)}",
            )
        elif isinstance(by, str) and by in _WAYS and by not in known[collector]:
            possible = ", ".join(way for way in _WAYS if way in known[collector])
            remedy = f"write by: one of {possible}" if possible else "declare its resources as components"
            yield document.problem((*at, "by"), f"{collector} cannot be discovered by: {by}", remedy)
