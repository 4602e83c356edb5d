"""docs/proof.md is true: the library gives the values that the page shows, for the policy that it follows."""

from __future__ import annotations

import re

import pytest

from basewatch.model import Status
from basewatch.postgres import connect
from basewatch.secrets import Secret
from checks.tenancy.policies import policies_restrict_rows_to_the_tenant
from demo.database import SandboxDatabase
from isolation import Inventory, ProofObligation, ProofStatus, effective_access, proof_obligations, read_inventory
from isolation.inventory.relations import Policy
from isolation.proof import GATES, Prover, repair
from isolation.proof._branches import Branch, EqualityTheory, Tableau
from isolation.proof._candidate_rows import candidate_rows
from isolation.proof._expressions import TRUE, BoolExpr, Comparison, Expression
from isolation.proof._goals import Goal
from isolation.proof._leak_search import LeakSearch
from isolation.proof._proof_context import ProofContext, sufficient_strengths
from isolation.proof._translation import read
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)
USING = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"
LONGEST = 200


class Followed:
    """The policy of the page in one inventory, with the proof of it for the application's role."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.access = effective_access(inventory, SECUREBASE.tenancy)
        relation = self.access.relation_named("invoices")
        assert relation is not None
        self.relation = relation
        kernel = Prover(self.access, NOW).kernel_for(self.access.reachable_roles("app")[0], relation)
        self.proof_context: ProofContext = kernel.proof_context
        self.theory = EqualityTheory(
            self.proof_context.normalizer, self.proof_context.not_null(), self.proof_context.deterministic
        )
        self.goal = Goal(self.proof_context, self.theory)

    @property
    def policy(self) -> Policy:
        """The only policy of the table."""
        (policy,) = self.access.policies_on(self.relation)
        return policy

    @property
    def tree(self) -> str:
        """The stored tree of its USING."""
        assert self.policy.using is not None
        return self.policy.using.tree

    @property
    def expression(self) -> Expression:
        """The translated expression of its USING."""
        return read(self.tree)

    @property
    def obligations(self) -> tuple[ProofObligation, ...]:
        """The obligations of the application's role."""
        found = proof_obligations(self.access, NOW)
        return tuple(one for one in found if (one.table, one.principal) == ("invoices", "app"))

    @property
    def verdict(self) -> Status:
        """The verdict of the check on the table."""
        verdicts = policies_restrict_rows_to_the_tenant.judge(self.inventory, SECUREBASE, NOW)
        (status,) = (verdict.status for verdict in verdicts if verdict.subject == "invoices")
        return status

    def open_branches(self) -> tuple[list[Branch], list[str]]:
        """The open branches of the expression, and the justifications of the others."""
        tableau = Tableau(self.theory, self.goal.justification)
        branches = list(tableau.open_branches(((self.expression, TRUE),)))
        return branches, list(tableau.justifications)


def _read(database: SandboxDatabase, run: str) -> Followed:
    with connect(Secret("env:BASEWATCH_DATABASE_URL", database.url), run=run) as client:
        return Followed(read_inventory(client, SECUREBASE))


@pytest.fixture(scope="module")
def sound(box_database: SandboxDatabase) -> Followed:
    """The policy as the demo has it."""
    return _read(box_database, "page: sound")


@pytest.fixture(scope="module")
def leaking(box_database: SandboxDatabase) -> Followed:
    """The same policy with the developer's addition."""
    box_database.execute(f"ALTER POLICY tenant_isolation ON invoices USING ({USING} OR status = 'paid')")
    try:
        return _read(box_database, "page: leaking")
    finally:
        box_database.execute(f"ALTER POLICY tenant_isolation ON invoices USING ({USING})")


def shows(value: object) -> bool:
    """Whether a block of the page shows a value: white space does not count, and `…` stands for any text."""
    wanted = _compact(str(value))
    return any(_matches(block, wanted) for block in BLOCKS)


def _matches(block: str, wanted: str) -> bool:
    """Whether the lines of a block, or some of them that follow each other, are the value."""
    lines = block.splitlines()
    starts = ((first, last) for first in range(len(lines)) for last in range(first + 1, len(lines) + 1))
    return any(_same("".join(lines[first:last]), wanted) for first, last in starts)


def _same(shown: str, wanted: str) -> bool:
    pattern = ".*?".join(re.escape(part) for part in _compact(shown).split("…"))
    return re.fullmatch(pattern, wanted, re.DOTALL) is not None


def _compact(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_page_shows_the_policy_and_its_tree(sound: Followed) -> None:
    """Steps 1 and 2: the SQL is the demo's, and the shortened tree is the stored one."""
    assert _compact(USING) in _compact(PAGE)
    assert shows(f"CREATE POLICY tenant_isolation ON invoices USING ({USING})")
    assert shows(sound.tree)


def test_the_page_shows_the_gates(sound: Followed) -> None:
    """Step 3: the application's role has one obligation for each gate."""
    assert [one.gate for one in sound.obligations] == list(GATES)
    assert shows(", ".join(str(gate) for gate in GATES))


def test_the_page_shows_the_expression_its_terms_and_the_equality(sound: Followed) -> None:
    """Steps 4 to 7: one literal, two terms, and the equality that justifies the branch."""
    expression, branch = sound.expression, Branch()
    assert isinstance(expression, Comparison)
    assert shows(expression)
    for argument in expression.arguments:
        assert shows(sound.proof_context.normalizer.normalize(argument))
    assert sound.theory.add(branch, expression, TRUE)
    (equality,) = sound.theory.equalities(branch)
    assert shows(equality)
    assert shows(repr(sound.goal.justification(branch)))
    assert sorted(sufficient_strengths(2950)) == ["exact", "folded", "uuid"]


def test_the_page_shows_the_obligation(sound: Followed) -> None:
    """Steps 8 and 9: no branch is open, every gate is proven and the table passes."""
    assert sound.open_branches() == ([], ["invoices.customer_id = app.current_customer_id"])
    assert {one.status for one in sound.obligations} == {ProofStatus.PROVEN}
    assert shows(sound.obligations[0])
    assert sound.verdict is Status.PASS


def test_the_page_shows_the_leak(leaking: Followed) -> None:
    """With the addition one branch is open, the first candidate row passes, and the reason and repair are shown."""
    assert isinstance(leaking.expression, BoolExpr)
    (branch,), justifications = leaking.open_branches()
    assert justifications == ["invoices.customer_id = app.current_customer_id"]
    assert shows(branch)
    rows, candidate = next(iter(candidate_rows(leaking.proof_context)))
    assert shows(f"customer_id {candidate.column_values[1]}, context {candidate.context[0]}")
    leak = LeakSearch(leaking.proof_context, (leaking.expression,)).find(branch)
    assert leak is not None
    assert leak.rows == rows
    statuses = {str(one.gate): one.status for one in leaking.obligations}
    refuted = {gate for gate, status in statuses.items() if status is ProofStatus.REFUTED}
    assert refuted == {"SELECT USING", "UPDATE USING", "DELETE USING"}
    assert shows(leaking.obligations[0].reason)
    assert shows(repair(leaking.access, leaking.relation, [leaking.policy]))
    assert leaking.verdict is Status.FAIL


def test_the_page_is_short_and_names_real_files() -> None:
    """The page stays under 200 lines, and the file of each word of the glossary exists."""
    assert len(PAGE.splitlines()) < LONGEST
    files = re.findall(r"\| `(isolation/[\w/]+\.py)` \|$", PAGE, re.MULTILINE)
    assert len(files) == 27
    assert [name for name in files if not (ROOT / name).exists()] == []
