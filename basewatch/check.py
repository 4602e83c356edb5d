"""What a check is: a promise of one kind of component, an observation that asks, and a judge that decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, get_type_hints

from basewatch.components import Component
from basewatch.model import Evidence, Proof, Reason, Severity, Verdict

ClientT = TypeVar("ClientT")
C = TypeVar("C", bound=Component)
F = TypeVar("F")

DOC_SECTIONS = ("Why", "Reads", "Unverified when", "Fix", "Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[ClientT, C, F]):
    """One promise that can be seen to be broken.

    `observe` asks and is shared by every check that names it; `judge` is pure, so that stored facts can be judged
    again; `needs` are the IAM actions and SQL grants without which it cannot look; `promises` are the settings it
    judges, and a component that makes none of them is not expected to be checked. `explained_by` are globs of the ids
    of checks whose findings may be the causes of its own: see checks.engine.causes.
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

    def applies_to(self, component: C) -> bool:
        """Whether the component makes a promise that this check judges; a check without promises concerns them all."""
        return not self.promises or any(component.has_promise(promise) for promise in self.promises)

    @property
    def title(self) -> str:
        """The promise as one sentence: the first line of the judge's docstring."""
        return (self.judge.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def doc_sections(self) -> dict[str, str]:
        """The fixed parts of the judge's docstring, by name: see PARTS."""
        text = " ".join(line.strip() for line in (self.judge.__doc__ or "").splitlines()[1:])
        pieces = re.split(rf"\b({'|'.join(DOC_SECTIONS)}): ", text)
        return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}

    @property
    def observation_name(self) -> str:
        """The observation's name, the same for every check that shares it."""
        return f"{self.observe.__module__}.{self.observe.__qualname__}"

    @property
    def client_type(self) -> type[ClientT]:
        """The type of client that the observation asks: the annotation of its first parameter."""
        hints = get_type_hints(self.observe)
        hints.pop("return", None)
        return next(iter(hints.values()))  # type: ignore[no-any-return]  # an annotation is a type

    @property
    def facts_type(self) -> type[F]:
        """The type of facts that the observation returns."""
        return get_type_hints(self.observe)["return"]  # type: ignore[no-any-return]  # an annotation is a type


AnyCheck = Check[Any, Any, Any]


def check(
    id: str,  # noqa: A002  # the word a check is known by
    *,
    component: type[C],
    observe: Callable[[ClientT, C], F],
    severity: Severity,
    proof: Proof,
    needs: tuple[str, ...],
    promises: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
) -> Callable[[Callable[[F, C, datetime], Iterator[Verdict]]], Check[ClientT, C, F]]:
    """A decorator that makes a judge into a frozen Check; it registers nothing."""

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
        )

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentComponent:
    """The platform answered that the component does not exist: a fact, so its checks FAIL."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """Nobody could tell: its checks are UNVERIFIED with this reason."""

    reason: Reason
    detail: str
    remedy: str = ""


Outcome: TypeAlias = Evidence | AbsentComponent | Unobserved
