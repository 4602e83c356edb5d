"""Whether what policies say together holds every row to the current tenant: proven, open, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from isolation.inventory.builtins import FIRST_USER_OID, UNSAFE
from isolation.inventory.relations import Expression as Stored
from isolation.inventory.relations import Policy
from isolation.proof.branches import Branch, Reading, Tableau, TooManyBranches
from isolation.proof.contexts import Contexts
from isolation.proof.expressions import TRUE
from isolation.proof.goals import Goal
from isolation.proof.nodes import UnreadableTree
from isolation.proof.pairings import Signed
from isolation.proof.rendering import render
from isolation.proof.scene import Scene
from isolation.proof.translation import functions_in, read
from isolation.proof.witnesses import Witness


class Answer(StrEnum):
    """What is known of a gate.

    PROVEN: no row but the current tenant's passes. DENIED: none does, as no permissive policy applies. OPEN: other
    rows plainly do. UNPROVEN: nobody can tell. EXEMPT and DISABLED: row security is not asked.
    """

    PROVEN = "proven"
    DENIED = "denied"
    OPEN = "open"
    UNPROVEN = "unproven"
    EXEMPT = "exempt"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer with its certificate, or with the reason and the policy it is about."""

    answer: Answer
    certificate: tuple[str, ...] = ()
    reason: str = ""
    policy: str = ""


Asked = tuple[Policy, Stored]
"""A policy, with the expression of it that a gate asks."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Proves what policies let through in one scene."""

    scene: Scene
    contexts: Contexts

    def judge(self, permissive: Sequence[Asked], restrictive: Sequence[Asked]) -> Found:
        """What any of the permissive policies and all of the restrictive ones let through together."""
        if not permissive:
            return Found(answer=Answer.DENIED)
        found = [self._safely(one, restrictive) for one in permissive]
        for answer in (Answer.OPEN, Answer.UNPROVEN):
            worst = next((one for one in found if one.answer is answer), None)
            if worst:
                return worst
        lines = dict.fromkeys(line for one in found for line in one.certificate)
        return Found(answer=Answer.PROVEN, certificate=tuple(lines))

    def _safely(self, asked: Asked, restrictive: Sequence[Asked]) -> Found:
        name = asked[0].name
        try:
            return self._judge(asked, restrictive)
        except UnreadableTree as problem:
            return Found(answer=Answer.UNPROVEN, reason=f"its stored tree was not understood: {problem}", policy=name)
        except TooManyBranches:
            return Found(answer=Answer.UNPROVEN, reason="it has too many cases", policy=name)
        except RecursionError:
            return Found(answer=Answer.UNPROVEN, reason="it is nested too deeply", policy=name)

    def _judge(self, asked: Asked, restrictive: Sequence[Asked]) -> Found:
        policy, stored = asked
        unsafe = [why for one in (asked, *restrictive) for why in self._unsafe(one[1])]
        conditions: tuple[Signed, ...] = tuple((read(one.tree), TRUE) for one in (stored, *(r for _, r in restrictive)))
        reading = Reading(self.scene.terms, self.scene.not_null(), self.scene.deterministic)
        tableau = Tableau(reading, Goal(self.scene, reading).held)
        witness, left = Witness(self.scene, tuple(condition for condition, _ in conditions)), None
        for branch in tableau.unheld(conditions):
            left = left or branch
            leak = witness.find(branch)
            if leak:
                return Found(answer=Answer.OPEN, reason=f"{leak.what}, by: {leak.because}", policy=policy.name)
        frozen = [self.contexts.frozen[oid] for oid in self._called(asked, restrictive) if oid in self.contexts.frozen]
        if left is not None and frozen:
            reason = f"{frozen[0].name} reads the context and is IMMUTABLE: a prepared plan keeps its first tenant"
            return Found(answer=Answer.OPEN, reason=reason, policy=policy.name)
        if left is not None:
            return Found(answer=Answer.UNPROVEN, reason=self._why(left), policy=policy.name)
        if unsafe:
            return Found(answer=Answer.UNPROVEN, reason=unsafe[0], policy=policy.name)
        nothing = ("it is never true",)
        return Found(answer=Answer.PROVEN, certificate=tuple(tableau.certificate) or nothing, policy=policy.name)

    def _called(self, asked: Asked, restrictive: Sequence[Asked]) -> list[int]:
        return sorted({oid for _, stored in (asked, *restrictive) for oid in functions_in(stored.tree)})

    def _unsafe(self, stored: Stored) -> list[str]:
        """Why the context may not stay as it is while a condition is worked out."""
        found = list[str]()
        for oid in sorted(functions_in(stored.tree)):
            if oid in UNSAFE:
                found.append(f"it calls function {oid} of PostgreSQL, which can change the context")
            function = self.scene.world.function(oid) if oid >= FIRST_USER_OID else None
            if function is None and oid >= FIRST_USER_OID:
                found.append(f"it calls a function that was not read (OID {oid})")
            if function is not None and not self.contexts.is_harmless(function):
                found.append(f"it calls {function.name}, which may change the context")
        return found

    def _why(self, branch: Branch) -> str:
        said = [render(expression, mask, self.scene) for expression, mask in branch.literals]
        return f"it is not shown to hold when {' AND '.join(said) or 'nothing more is asked'}"
