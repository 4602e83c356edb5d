"""A check: one promise of one kind of component, the observation that reads facts, and the judge of these facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, get_type_hints

from basewatch.components import Component, Relation
from basewatch.model import Evidence, Proof, Reason, Severity, Status, Verdict

ClientT = TypeVar("ClientT")
C = TypeVar("C", bound=Component)
F = TypeVar("F")

NEVER_ALERTED = ("meta", "drift.claims", "deploy.criteria")
"""The beginnings of the ids of checks about the plan or about other findings: they are reported and never alerted."""
OWN_FAMILIES = frozenset({"meta", "watcher"})
"""The families of checks that look at Basewatch, and not at the platform."""
DOC_SECTIONS = ("Why", "Reads", "Unverified when", "Fix", "Source")


def is_alerted(check_id: str) -> bool:
    """Whether findings of the check are alerted; those about the plan or about other findings are only reported."""
    return not any(check_id.startswith(f"{beginning}.") for beginning in NEVER_ALERTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowsFrom:
    """Which FAILs of another check explain a finding as a whole.

    `check` is a glob over the ids of the causing checks, and `of` says on which component these are. The finding has
    `status`; of an UNVERIFIED one, `reasons` are those that the cause explains, and `source` is a glob over where it
    looked. `where` are settings of the finding's component that must have these values. On the same component, a cause
    with a subject explains findings on this subject only.
    """

    check: str
    of: Relation = Relation.ITSELF
    status: Status = Status.FAIL
    reasons: tuple[Reason, ...] = ()
    source: str = "*"
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[ClientT, C, F]):
    """One promise whose breach can be detected.

    `observe` does the I/O and is shared by every check that names it. `judge` is pure, so stored facts can be judged
    again. `needs` lists the IAM actions and SQL grants that the observation uses. `promises` lists the settings that
    the check judges; a component that declares none of them is not checked. `explained_by` holds globs over the ids of
    other checks, whose findings can be causes of this check's findings if they cover what these affect; `follows_from`
    are causes of a whole finding: see checks.engine.causes.
    """

    id: str
    component: type[C]
    observe: Callable[[ClientT, C], F]
    judge: Callable[[F, C, datetime], Iterator[Verdict]]
    severity: Severity
    proof: Proof
    needs: tuple[str, ...]
    promises: tuple[str, ...]
    explained_by: tuple[str, ...] = ()
    follows_from: tuple[FollowsFrom, ...] = ()

    def applies_to(self, component: C) -> bool:
        """Whether the component declares a promise that this check judges; without `promises`, every component does."""
        return not self.promises or any(component.has_promise(promise) for promise in self.promises)

    @property
    def title(self) -> str:
        """The promise as one sentence: the first line of the judge's docstring."""
        return (self.judge.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def doc_sections(self) -> dict[str, str]:
        """The sections of the judge's docstring, by name: see DOC_SECTIONS."""
        text = " ".join(line.strip() for line in (self.judge.__doc__ or "").splitlines()[1:])
        pieces = re.split(rf"\b({'|'.join(DOC_SECTIONS)}): ", text)
        return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}

    @property
    def observation_name(self) -> str:
        """The qualified name of the observation, equal for all checks that share it."""
        return f"{self.observe.__module__}.{self.observe.__qualname__}"

    @property
    def client_type(self) -> type[ClientT]:
        """The type of client that the observation uses: the annotation of its first parameter."""
        hints = get_type_hints(self.observe)
        hints.pop("return", None)
        return next(iter(hints.values()))  # type: ignore[no-any-return]  # an annotation is a type

    @property
    def facts_type(self) -> type[F]:
        """The type of facts that the observation returns."""
        return get_type_hints(self.observe)["return"]  # type: ignore[no-any-return]  # an annotation is a type


AnyCheck = Check[Any, Any, Any]


def check(
    id: str,  # noqa: A002  # the name of the field
    *,
    component: type[C],
    observe: Callable[[ClientT, C], F],
    severity: Severity,
    proof: Proof,
    needs: tuple[str, ...],
    promises: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
    follows_from: tuple[FollowsFrom, ...] = (),
) -> Callable[[Callable[[F, C, datetime], Iterator[Verdict]]], Check[ClientT, C, F]]:
    """A decorator that turns a judge into a frozen Check; it registers nothing."""

    def make(judge: Callable[[F, C, datetime], Iterator[Verdict]]) -> Check[ClientT, C, F]:
        return Check(
            id=id,
            component=component,
            observe=observe,
            judge=judge,
            severity=severity,
            proof=proof,
            needs=needs,
            promises=promises,
            explained_by=explained_by,
            follows_from=follows_from,
        )

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentComponent:
    """The platform answered that the component does not exist. This is a fact, so its checks FAIL.

    `declared` names the part of the component that does not exist; empty means the component itself.
    """

    detail: str
    declared: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """The observation returned no facts, so its checks are UNVERIFIED with this reason.

    `source` and `action` are those of ObservationError.
    """

    reason: Reason
    detail: str
    remedy: str = ""
    source: str = ""
    action: str = ""


Outcome: TypeAlias = Evidence | AbsentComponent | Unobserved
