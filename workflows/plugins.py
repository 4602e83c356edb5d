"""Every check and collector there is: Basewatch's own, and those other packages offer by entry point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from basewatch.check import AnyCheck, Check
from basewatch.collector import AnyCollector, Collector
from basewatch.errors import ConfigError, Problem

T = TypeVar("T")


def known_checks() -> tuple[AnyCheck, ...]:
    """Basewatch's checks, then each one (or tuple of them) that the entry points `basewatch.checks` name.

    Raises: ConfigError, for an entry point that cannot be loaded or is no check, and for an id that is taken.
    """
    from checks import CHECKS  # noqa: PLC0415  # the command line's --help has no time for it

    return _with_offered(CHECKS, "basewatch.checks", Check, lambda check: check.id)


def known_collectors() -> tuple[AnyCollector, ...]:
    """Basewatch's collectors, then each one (or tuple of them) that the entry points `basewatch.collectors` name.

    Raises: ConfigError, as `known_checks` does.
    """
    from collectors import COLLECTORS  # noqa: PLC0415  # the command line's --help has no time for it

    return _with_offered(COLLECTORS, "basewatch.collectors", Collector, lambda collector: collector.name)


def _with_offered(own: tuple[T, ...], group: str, kind: type[T], name: Callable[[T], str]) -> tuple[T, ...]:
    offered = tuple(item for point in entry_points(group=group) for item in _load(point, kind))
    every = (*own, *offered)
    doubled = [taken for taken, count in Counter(name(item) for item in every).items() if count > 1]
    if doubled:
        raise ConfigError(Problem(message=f"two installed packages offer {doubled[0]}", remedy="uninstall one of them"))
    return every


def _load(point: EntryPoint, kind: type[T]) -> tuple[T, ...]:
    offered_by = f"entry point {point.name} = {point.value}"
    try:
        loaded = point.load()
    except Exception as error:  # somebody else's module may raise anything at import
        problem = Problem(
            message=f"{offered_by} cannot be loaded: {type(error).__name__}: {error}",
            remedy="repair or uninstall the package that offers it",
        )
        raise ConfigError(problem) from error
    items = tuple(loaded) if isinstance(loaded, tuple | list) else (loaded,)
    if not items or not all(isinstance(item, kind) for item in items):
        raise ConfigError(Problem(message=f"{offered_by} is not a {kind.__name__}, nor a tuple of them"))
    return items
