"""Every check, collector and kind of channel: Basewatch's own, and those that other packages offer as entry points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import TypeGuard, TypeVar

from basewatch.check import AnyCheck, Check
from basewatch.collector import AnyCollector, Collector
from basewatch.errors import ConfigError, Problem
from basewatch.notifier import Channel

T = TypeVar("T")


def known_checks() -> tuple[AnyCheck, ...]:
    """Basewatch's checks, then those of the entry points `basewatch.checks`: each names one, or a tuple of them.

    Raises: ConfigError, for an entry point that cannot be loaded or is not a check, and for an id that is taken.
    """
    from checks import CHECKS  # noqa: PLC0415  # --help has no time to load them

    return _with_offered(CHECKS, "basewatch.checks", "Check", _is_check, lambda check: check.id)


def known_collectors() -> tuple[AnyCollector, ...]:
    """Basewatch's collectors, then those of the entry points `basewatch.collectors`: each names one, or a tuple.

    Raises: ConfigError, as `known_checks` does.
    """
    from collectors import COLLECTORS  # noqa: PLC0415  # see above

    return _with_offered(
        COLLECTORS, "basewatch.collectors", "Collector", _is_collector, lambda collector: collector.name
    )


def known_channel_types() -> tuple[type[Channel], ...]:
    """Basewatch's kinds of channel, then those of the entry points `basewatch.notifiers`: each a class, or a tuple.

    Raises: ConfigError, as `known_checks` does.
    """
    from alerts.channels import CHANNEL_TYPES  # noqa: PLC0415  # see above

    return _with_offered(
        CHANNEL_TYPES, "basewatch.notifiers", "Channel class", _is_channel_type, lambda channel: channel.kind_name()
    )


def _is_check(item: object) -> TypeGuard[AnyCheck]:
    return isinstance(item, Check)


def _is_collector(item: object) -> TypeGuard[AnyCollector]:
    return isinstance(item, Collector)


def _is_channel_type(item: object) -> TypeGuard[type[Channel]]:
    return isinstance(item, type) and issubclass(item, Channel) and not isabstract(item)


def _with_offered(
    own: tuple[T, ...], group: str, what: str, fits: Callable[[object], TypeGuard[T]], name: Callable[[T], str]
) -> tuple[T, ...]:
    known = (*own, *(item for point in entry_points(group=group) for item in _load(point, what, fits)))
    duplicates = [taken for taken, count in Counter(name(item) for item in known).items() if count > 1]
    if duplicates:
        raise ConfigError(
            Problem(message=f"two installed packages offer {duplicates[0]}", remedy="uninstall one of them")
        )
    return known


def _load(point: EntryPoint, what: str, fits: Callable[[object], TypeGuard[T]]) -> tuple[T, ...]:
    offered_by = f"entry point {point.name} = {point.value}"
    try:
        loaded = point.load()
    except Exception as error:  # another package's module may raise anything at import
        problem = Problem(
            message=f"{offered_by} cannot be loaded: {type(error).__name__}: {error}",
            remedy="repair or uninstall the package that offers it",
        )
        raise ConfigError(problem) from error
    items = tuple(loaded) if isinstance(loaded, tuple | list) else (loaded,)
    fitting = tuple(item for item in items if fits(item))
    if not items or len(fitting) < len(items):
        raise ConfigError(Problem(message=f"{offered_by} is not a {what}, nor a tuple of them"))
    return fitting
