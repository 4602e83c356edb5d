"""What is in an account beside what is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basewatch.components import AwsAccount
from basewatch.model import Reason, Status, Verdict
from checks.drift.inventory import ListedResources, every_resource_is_declared
from checks.inventory.unread import Unread
from tests.checks.situations.aws_answers import NOW
from tests.checks.situations.situation import Situation, each

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
DENIED = Unread(reason=Reason.DENIED, detail="sqs:ListQueues was denied", remedy="grant sqs:ListQueues")
APPROVED = {"queue/app-tmp-*": "made by tests, deleted each night"}


def found(
    declared: tuple[str, ...] = ("function/app-auth",),
    undeclared: tuple[str, ...] = (),
    gone: tuple[str, ...] = (),
    unread: dict[str, Unread] | None = None,
    **inventory: Any,
) -> Callable[[], tuple[Verdict, ...]]:
    """The verdicts on an account in which these resources are listed."""
    account = AwsAccount.model_validate({"name": "production", "inventory": {"prefixes": ("app-",), **inventory}})
    facts = ListedResources(declared=declared, undeclared=undeclared, gone=gone, unread=unread or {})
    return lambda: tuple(every_resource_is_declared.judge(facts, account, NOW))


SITUATIONS = (
    Situation(number="inventory-1", what="all of them are declared", right=PASS, why="all were listed", judged=found()),
    Situation(
        number="inventory-2",
        what="a table that nobody declared",
        right=FAIL,
        why="nobody watches it",
        judged=found(undeclared=("table/app-copy",)),
        says="table app-copy is not declared",
    ),
    Situation(
        number="inventory-3",
        what="a queue that is approved",
        right=PASS,
        why="somebody gave the reason",
        judged=found(undeclared=("queue/app-tmp-1",), approved=APPROVED),
        says="",
    ),
    Situation(
        number="inventory-4",
        what="a table with the name of an approved queue",
        right=FAIL,
        why="the approval is of queues",
        judged=found(undeclared=("table/app-tmp-1",), approved=APPROVED),
    ),
    Situation(
        number="inventory-5",
        what="the listing of queues is denied",
        right=UNVERIFIED,
        why="a queue may be undeclared",
        judged=found(unread={"queue": DENIED}),
        says="grant sqs:ListQueues",
    ),
    Situation(
        number="inventory-6",
        what="an undeclared table beside a denied listing",
        right=FAIL,
        why="the denial hides only queues",
        judged=found(undeclared=("table/app-copy",), unread={"queue": DENIED}),
    ),
    Situation(
        number="inventory-7",
        what="no resource has such a name",
        right=UNVERIFIED,
        why="the beginning of the names is wrong",
        judged=found(declared=()),
        says="begins with app-",
    ),
    Situation(
        number="inventory-8",
        what="a declared function that is not listed",
        right=FAIL,
        why="it is gone",
        judged=found(gone=("function/app-billing",)),
        says="declared and not listed",
    ),
)


@each(SITUATIONS)
def test_an_account_is_compared_with_what_is_declared(situation: Situation) -> None:
    """What is not declared fails, what is not listed is not known, and an approval covers what it names."""
    situation.test()
