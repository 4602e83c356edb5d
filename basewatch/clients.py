"""How an observation gets its client: by the type in its signature, for one component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from basewatch.components import Component
from basewatch.model import Finding, Status
from basewatch.restore_record import PastRestores

_SHOWN = 3
"""How many checks a reason names."""
K = TypeVar("K", bound="Client")


class Client(Protocol):
    """A connection to the platform for one observation; it records its principal and its requests for the evidence."""

    @property
    def source(self) -> str:
        """Where the facts come from, such as `aws:123456789012/us-east-1`; no credentials."""
        ...

    @property
    def principal(self) -> str:
        """The identity that made the requests: an ARN or a database role."""
        ...

    @property
    def requests(self) -> tuple[str, ...]:
        """The requests so far, in order, such as `rds:DescribeDBClusters 7a0c…`."""
        ...

    @property
    def action(self) -> str:
        """What is being requested now, or was last: an IAM action or the name of a statement; empty before it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClient:
    """Answers from the plan of the pass; it sends no request. `promises` are pairs of a component and a promise."""

    promises: tuple[tuple[str, str], ...]
    source: str = "the configuration"
    principal: str = "basewatch"
    requests: tuple[str, ...] = ()
    action: str = ""

    def unjudged(self, component: Component) -> tuple[str, ...]:
        """The promises of a component that no enabled check judges."""
        return tuple(promise for ref, promise in self.promises if ref == component.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPasses:
    """Answers from the history as it was when the pass began; it sends no request.

    `previous_end` is the end of the window of the last full pass, None when none is recorded. `known_ids` are the ids
    of the resources of components (their refs) when their checks last passed. `unused_silences` are the names of those
    that match nothing that is checked. `restores` are the drills of dumps, by their refs.
    """

    previous_end: datetime | None
    known_ids: Mapping[str, str]
    unused_silences: tuple[str, ...] = ()
    restores: Mapping[str, PastRestores] = field(default_factory=dict[str, PastRestores])
    source: str = "the history"
    principal: str = "basewatch"
    requests: tuple[str, ...] = ()
    action: str = ""


def is_selected(selector: str, check_id: str, ref: str) -> bool:
    """Whether a selector means a check of a component: a glob over ids, which ` of ` and one over refs may follow."""
    checks, _, refs = selector.partition(" of ")
    return fnmatchcase(check_id, checks) and fnmatchcase(ref, refs or "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What a pass found about what some selectors mean: how many findings passed, and which checks of what did not.

    `silent` are the selectors by which nothing passed.
    """

    passed: int = 0
    failed: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """PASS, if something passed by each selector, and nothing is broken or unseen."""
        if self.failed:
            return Status.FAIL
        return Status.UNVERIFIED if self.unverified or self.silent else Status.PASS

    @property
    def counts(self) -> str:
        """The numbers of findings, in words."""
        return f"{self.passed} PASS, {len(self.failed)} FAIL, {len(self.unverified)} UNVERIFIED"

    @property
    def reason(self) -> str:
        """Why it is not PASS, in words; empty when it is."""
        if self.failed:
            return f"{_few(self.failed)} failed"
        if self.unverified:
            return f"{_few(self.unverified)} could not be seen"
        return f"{_few(self.silent)} has judged nothing" if self.silent else ""


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFindings:
    """Answers from the findings of the same pass, for checks that are judged after all others; it sends no request."""

    findings: tuple[Finding, ...]
    components: Mapping[str, Component]
    source: str = "this pass"
    principal: str = "basewatch"
    requests: tuple[str, ...] = ()
    action: str = ""

    def selected(self, selector: str) -> tuple[Finding, ...]:
        """The findings that a selector means."""
        return tuple(each for each in self.findings if is_selected(selector, each.check, each.component))

    def support(self, selectors: Iterable[str]) -> Support:
        """What the findings say about everything that the selectors mean."""
        parts = {selector: self.selected(selector) for selector in selectors}
        found = tuple(dict.fromkeys(each for part in parts.values() for each in part))
        return Support(
            passed=sum(each.status is Status.PASS for each in found),
            failed=_checks(found, Status.FAIL),
            unverified=_checks(found, Status.UNVERIFIED),
            silent=tuple(
                selector for selector, part in parts.items() if all(each.status is not Status.PASS for each in part)
            ),
        )

    def promised(self, ref: str, path: str) -> str:
        """A promise of a component as it is written in the configuration; empty when it is not made."""
        component = self.components.get(ref)
        known = component is not None and any(f"{path}.".startswith(f"{each}.") for each in component.promises)
        if component is None or not known or not component.has_promise(path):
            return ""
        value: object = component.model_dump(mode="json")
        for key in path.split("."):
            value = value[key] if isinstance(value, dict) else value
        return str(value)


def _checks(findings: Iterable[Finding], status: Status) -> tuple[str, ...]:
    """The checks of what have this status."""
    return tuple(dict.fromkeys(f"{each.check} of {each.component}" for each in findings if each.status is status))


class ClientFactory(Protocol):
    """Opens a client of the requested type for one observation of one component."""

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client for one observation. Raises: ObservationError, when it cannot be opened."""
        ...
