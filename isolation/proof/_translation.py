"""Translates node trees to expressions; each variable, at any depth, becomes a column of one row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Final

from isolation.inventory.builtin_oids import FUNCTIONS
from isolation.proof._expressions import (
    FALSE,
    NULL,
    OWN_ROW,
    TRUE,
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Case,
    Coalesce,
    Comparison,
    Constant,
    Expression,
    FunctionCall,
    IsDistinctFrom,
    IsNull,
    NullIf,
    Opaque,
    QuantifiedComparison,
    Query,
    SqlValueFunction,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._known_fields import check_known, is_understood
from isolation.proof._nodes import Node, UnreadableTree, Value, parse
from isolation.proof._scopes import OwnRow, is_single_value, read_query
from isolation.proof._tree_reader import Scope

_TESTS: Final = {0: TRUE, 1: FALSE | NULL, 2: FALSE, 3: TRUE | NULL, 4: NULL, 5: TRUE | FALSE}
_SELECTS: Final = {0: "exists", 1: "all", 2: "any", 4: "value", 6: "array"}
_SUBLINK_OUTPUT, _EXTERNAL = 2, 0


class Translation:
    """The translation of one tree, with the scopes of the open sub-selects."""

    def __init__(self, arguments: tuple[Expression, ...] = ()) -> None:
        self.scopes: list[Scope] = [OwnRow()]
        self.fresh: Iterator[int] = count(OWN_ROW + 1)
        self._arguments = arguments
        self._outputs: list[tuple[Expression, ...]] = []
        self._cases: list[Expression] = []

    def read(self, node: Node) -> Expression:
        """The expression of a node. Raises: UnreadableTree."""
        reader = getattr(self, f"_{node.kind.lower()}", None) if is_understood(node) else None
        return self._opaque(node) if reader is None or (found := reader(node)) is None else found

    def all(self, nodes: tuple[Node, ...]) -> tuple[Expression, ...]:
        """The expressions of nodes, in order."""
        return tuple(self.read(node) for node in nodes)

    def _two(self, node: Node) -> tuple[Expression, ...]:
        arguments = self.all(node.nodes("args"))
        if len(arguments) != 2:  # noqa: PLR2004  # both sides
            raise UnreadableTree(f"a {node.kind} does not have two arguments")
        return arguments

    def _opaque(self, node: Node) -> Expression:
        types = (node.get(name) for name in ("resulttype", "type", "funcresulttype", "opresulttype", "aggtype"))
        type_oid = next((int(value) for value in types if isinstance(value, str) and value.isdigit()), 0)
        cases, self._cases = self._cases, []  # the placeholders of another node type stand for other values
        parts = tuple(self.read(child) for child in _children(node))
        self._cases = cases
        return Opaque(node.kind, parts, type_oid)

    def _var(self, node: Node) -> Expression | None:
        level, number = node.number("varlevelsup"), node.number("varattno")
        if not 0 <= level < len(self.scopes) or number <= 0:
            return Opaque("whole row", (), node.number("vartype"))
        return self.scopes[-1 - level].column(node, self)

    def _const(self, node: Node) -> Expression:
        value = node.get("constvalue")
        null = node.text("constisnull") == "true"
        return Constant(node.number("consttype"), null, value if isinstance(value, bytes) and not null else None)

    def _funcexpr(self, node: Node) -> Expression:
        arguments = self._in_order(node.nodes("args"))
        returns_set = node.text("funcretset") == "true"
        if not arguments and node.number("funcid") in FUNCTIONS:
            raise UnreadableTree("a function call has no arguments")
        return FunctionCall(node.number("funcid"), arguments, node.number("funcresulttype"), returns_set)

    def _in_order(self, nodes: tuple[Node, ...]) -> tuple[Expression, ...]:
        """The arguments of a call by the number of their parameter; one without an argument has its default."""
        numbers = (one.number("argnumber") if one.kind == "NAMEDARGEXPR" else at for at, one in enumerate(nodes))
        by_number = dict(zip(numbers, self.all(nodes), strict=True))
        return tuple(by_number.get(at, Opaque("default", (), 0)) for at in range(max(by_number, default=-1) + 1))

    def _namedargexpr(self, node: Node) -> Expression:
        return self.read(node.node("arg"))

    def _opexpr(self, node: Node) -> Expression | None:
        if node.text("opretset") == "true":
            return None
        arguments = self.all(node.nodes("args")) if len(node.nodes("args")) == 1 else self._two(node)
        return Comparison(node.number("opno"), arguments, node.number("inputcollid"), node.number("opresulttype"))

    def _distinctexpr(self, node: Node) -> Expression:
        return IsDistinctFrom(node.number("opno"), self._two(node), node.number("inputcollid"))

    def _nullifexpr(self, node: Node) -> Expression:
        return NullIf(node.number("opno"), self._two(node), node.number("inputcollid"))

    def _boolexpr(self, node: Node) -> Expression:
        connective, arguments = node.text("boolop"), self.all(node.nodes("args"))
        if connective not in {"and", "or", "not"} or not arguments or (connective == "not" and len(arguments) != 1):
            raise UnreadableTree("a BOOLEXPR has an unknown format")
        return BoolExpr(connective, arguments)

    def _nulltest(self, node: Node) -> Expression | None:
        test = IsNull(self.read(node.node("arg")))
        kind = node.text("nulltesttype")
        if kind not in {"0", "1"}:
            raise UnreadableTree("a NULLTEST has an unknown format")
        return test if kind == "0" else BoolExpr("not", (test,))

    def _booleantest(self, node: Node) -> Expression | None:
        truth_values = _TESTS.get(node.number("booltesttype"))
        return None if truth_values is None else BooleanTest(self.read(node.node("arg")), truth_values)

    def _relabeltype(self, node: Node) -> Expression:
        return TypeCast("relabel", self.read(node.node("arg")), node.number("resulttype"))

    def _coerceviaio(self, node: Node) -> Expression:
        return TypeCast("text", self.read(node.node("arg")), node.number("resulttype"))

    def _coercetodomain(self, node: Node) -> Expression:
        return TypeCast("domain", self.read(node.node("arg")), node.number("resulttype"))

    def _collateexpr(self, node: Node) -> Expression:
        return self.read(node.node("arg"))  # the comparison has its own inputcollid

    def _caseexpr(self, node: Node) -> Expression:
        compared = node.get("arg")
        if isinstance(compared, Node):
            self._cases.append(self.read(compared))
        args = node.nodes("args")
        if not all(when.kind == "CASEWHEN" and is_understood(when) for when in args):
            raise UnreadableTree("a CASEEXPR has an unknown format")
        whens = tuple((self.read(when.node("expr")), self.read(when.node("result"))) for when in args)
        if isinstance(compared, Node):
            self._cases.pop()
        default = node.get("defresult")
        type_oid = node.number("casetype")
        last = self.read(default) if isinstance(default, Node) else Constant(type_oid, True, None)  # noqa: FBT003  # SQL's NULL
        return Case(whens, last, type_oid)

    def _casetestexpr(self, node: Node) -> Expression | None:
        del node
        return self._cases[-1] if self._cases else None

    def _coalesceexpr(self, node: Node) -> Expression:
        return Coalesce(self.all(node.nodes("args")), node.number("coalescetype"))

    def _arrayexpr(self, node: Node) -> Expression | None:
        return ArrayExpr(self.all(node.nodes("elements")))

    def _scalararrayopexpr(self, node: Node) -> Expression | None:
        arguments = self._two(node)
        is_all = node.text("useOr") == "false"
        if not is_all and node.text("useOr") != "true":
            raise UnreadableTree("a SCALARARRAYOPEXPR has an unknown format")
        return QuantifiedComparison(node.number("opno"), is_all, arguments[0], arguments[1], node.number("inputcollid"))

    def _sqlvaluefunction(self, node: Node) -> Expression:
        return SqlValueFunction(node.number("op"), node.number("type"))

    def _param(self, node: Node) -> Expression | None:
        kind, index = node.number("paramkind"), node.number("paramid") - 1
        if kind == _SUBLINK_OUTPUT and self._outputs and 0 <= index < len(self._outputs[-1]):
            return self._outputs[-1][index]
        if kind == _EXTERNAL and 0 <= index < len(self._arguments):
            return self._arguments[index]
        return None

    def _sublink(self, node: Node) -> Expression | None:
        kind = _SELECTS.get(node.number("subLinkType"))
        if kind is None:
            return None
        query = read_query(node.node("subselect"), self)
        if kind == "value" and is_single_value(node.node("subselect"), query):
            return query.targets[0]
        test = node.get("testexpr")
        if not isinstance(test, Node):
            return SubqueryExpr(kind, None, query)
        self._outputs.append(query.targets)
        compared = self.read(test)
        self._outputs.pop()
        return SubqueryExpr(kind, compared, query)


def _children(node: Node) -> Iterator[Node]:
    pending: list[Value] = list(node.fields.values())
    while pending:
        value = pending.pop(0)
        if isinstance(value, Node):
            if value.kind != "QUERY":
                yield value
        elif isinstance(value, tuple):
            pending.extend(value)


@lru_cache(maxsize=4096)
def read(text: str) -> Expression:
    """The expression of a policy's node tree. Raises: UnreadableTree."""
    tree = parse(text)
    check_known(tree)
    if not isinstance(tree, Node):
        raise UnreadableTree("it is not an expression")
    return _checked(Translation(), tree)


@lru_cache(maxsize=1024)
def read_body(text: str, arguments: tuple[Expression, ...] = ()) -> Expression | Query | None:
    """A function body (pg_proc.prosqlbody) that is one SELECT: its query, or without FROM and WHERE the value of it.

    None for another body. Raises: UnreadableTree.
    """
    tree = parse(text)
    while isinstance(tree, tuple) and len(tree) == 1:
        tree = tree[0]
    if not isinstance(tree, Node) or tree.kind != "QUERY":
        return None
    check_known(tree)
    translation = Translation(arguments)
    translation.scopes = []  # a body has no row around it
    query: Query = read_query(tree, translation)
    return query.targets[0] if is_single_value(tree, query) else query


def _checked(translation: Translation, tree: Node) -> Expression:
    try:
        return translation.read(tree)
    except RecursionError:
        raise UnreadableTree("it is nested too deeply") from None
