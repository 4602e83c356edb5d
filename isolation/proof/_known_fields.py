"""Every node type and field of a stored tree that a proof understands; any other makes the proof fail.

A field is read by the translation, or does not change which rows pass, or is understood with some values only. All of
these are in PostgreSQL 14 to 18 (src/include/nodes/parsenodes.h and primnodes.h).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from isolation.proof._nodes import Node, UnreadableTree, Value

EMPTY: Final = None
"""The value of an empty field, written <>."""
_NONE: Final = frozenset({EMPTY})
_OFF: Final = frozenset({"false"})
_ZERO: Final = frozenset({"0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFields:
    """The fields of one node type.

    `read` are those that the translation reads. `harmless` change neither the value nor the rows: types and collations
    that the parser derived, names, the text of the statement, and what selects or orders rows that exist anyway.
    `only` are the fields that are understood with these values alone.
    """

    read: frozenset[str]
    harmless: frozenset[str] = frozenset()
    only: Mapping[str, frozenset[str | None]] = field(default_factory=dict[str, "frozenset[str | None]"])

    @property
    def names(self) -> frozenset[str]:
        """All its fields."""
        return self.read | self.harmless | frozenset(self.only)


def _fields(read: str, harmless: str = "", **only: frozenset[str | None]) -> NodeFields:
    location = frozenset({"location"})
    return NodeFields(read=frozenset(read.split()), harmless=frozenset(harmless.split()) | location, only=only)


KNOWN_FIELDS: Final[Mapping[str, NodeFields]] = MappingProxyType({
    "VAR": _fields(
        "varno varattno vartype varlevelsup varnullingrels",
        "vartypmod varcollid varnosyn varattnosyn",
        varreturningtype=_ZERO,  # OLD and NEW of RETURNING
    ),
    "CONST": _fields("consttype constvalue constisnull", "consttypmod constcollid constlen constbyval"),
    "PARAM": _fields("paramkind paramid", "paramtype paramtypmod paramcollid"),
    "FUNCEXPR": _fields("funcid funcresulttype funcretset args", "funcvariadic funcformat funccollid inputcollid"),
    "NAMEDARGEXPR": _fields("arg argnumber", "name"),
    "OPEXPR": _fields("opno opresulttype opretset inputcollid args", "opfuncid opcollid"),
    "DISTINCTEXPR": _fields("opno inputcollid args", "opfuncid opresulttype opcollid", opretset=_OFF),
    "NULLIFEXPR": _fields("opno inputcollid args", "opfuncid opresulttype opcollid", opretset=_OFF),
    "SCALARARRAYOPEXPR": _fields("opno useOr inputcollid args", "opfuncid hashfuncid negfuncid"),
    "BOOLEXPR": _fields("boolop args"),
    "NULLTEST": _fields("arg nulltesttype", argisrow=_OFF),  # a row is NULL when all its columns are
    "BOOLEANTEST": _fields("arg booltesttype"),
    "RELABELTYPE": _fields("arg resulttype", "resulttypmod resultcollid relabelformat"),
    "COERCEVIAIO": _fields("arg resulttype", "resultcollid coerceformat"),
    "COERCETODOMAIN": _fields("arg resulttype", "resulttypmod resultcollid coercionformat"),
    "COLLATEEXPR": _fields("arg", "collOid"),  # each comparison has its own inputcollid
    "CASEEXPR": _fields("casetype arg args defresult", "casecollid"),
    "CASEWHEN": _fields("expr result"),
    "CASETESTEXPR": _fields("", "typeId typeMod collation"),
    "COALESCEEXPR": _fields("coalescetype args", "coalescecollid"),
    "ARRAYEXPR": _fields("elements", "array_typeid array_collid element_typeid list_start list_end", multidims=_OFF),
    "SQLVALUEFUNCTION": _fields("op type", "typmod"),
    "SUBLINK": _fields("subLinkType testexpr subselect", "operName", subLinkId=_ZERO),
    "QUERY": _fields(
        "rtable rteperminfos jointree targetList hasTargetSRFs hasDistinctOn limitOffset limitCount groupClause "
        "hasAggs havingQual setOperations cteList",
        # DISTINCT, GROUP BY, LIMIT and ORDER BY return some of the rows that WHERE selects, and no other.
        "querySource canSetTag hasSubLinks hasRecursive hasGroupRTE isReturn override "
        "groupDistinct distinctClause sortClause limitOption constraintDeps stmt_location stmt_len",
        commandType=frozenset({"1"}),
        utilityStmt=_NONE,
        resultRelation=_ZERO,
        groupingSets=_NONE,  # for the empty set one row, even where WHERE selects none
        hasWindowFuncs=_OFF,
        windowClause=_NONE,
        hasModifyingCTE=_OFF,
        hasForUpdate=_OFF,  # it waits for other transactions, and reads what they wrote
        rowMarks=_NONE,
        hasRowSecurity=_OFF,
        withCheckOptions=_NONE,
        onConflict=_NONE,
        returningList=_NONE,
        returningOldAlias=_NONE,
        returningNewAlias=_NONE,
        mergeActionList=_NONE,
        mergeUseOuterJoin=_OFF,
        mergeTargetRelation=_ZERO,
        mergeJoinCondition=_NONE,
    ),
    "FROMEXPR": _fields("fromlist quals"),
    "JOINEXPR": _fields("jointype larg rarg quals rtindex", "isNatural usingClause join_using_alias alias"),
    "RANGETBLREF": _fields("rtindex"),
    "RANGETBLENTRY": _fields(
        "rtekind relid subquery joinaliasvars groupexprs functions values_lists ctename ctelevelsup",
        "alias eref relkind inh rellockmode perminfoindex lateral inFromCl jointype joinmergedcols joinleftcols "
        "joinrightcols join_using_alias funcordinality tablefunc coltypes coltypmods colcollations requiredPerms "
        "selectedCols insertedCols updatedCols extraUpdatedCols",
        self_reference=_OFF,
        tablesample=_NONE,
        securityQuals=_NONE,
        security_barrier=_OFF,
        checkAsUser=_ZERO,  # read with the rights of a view's owner
    ),
    "RTEPERMISSIONINFO": _fields(
        "", "relid inh requiredPerms selectedCols insertedCols updatedCols", checkAsUser=_ZERO
    ),
    "SETOPERATIONSTMT": _fields("op larg rarg colTypes", "all colTypmods colCollations groupClauses"),
    "COMMONTABLEEXPR": _fields(
        "ctename ctequery",
        "aliascolnames ctematerialized ctecolnames ctecoltypes ctecoltypmods ctecolcollations cterefcount",
        cterecursive=_OFF,
        search_clause=_NONE,
        cycle_clause=_NONE,
    ),
    "TARGETENTRY": _fields("expr resno resjunk", "resname ressortgroupref resorigtbl resorigcol"),
})  # fmt: skip
"""The node types that the translation reads, with their fields."""
UNKNOWN_VALUES: Final = frozenset({
    "AGGREF", "ALIAS", "ARRAYCOERCEEXPR", "CONVERTROWTYPEEXPR", "CTECYCLECLAUSE", "CTESEARCHCLAUSE",
    "FIELDSELECT", "GROUPINGFUNC", "GROUPINGSET", "JSONBEHAVIOR", "JSONCONSTRUCTOREXPR", "JSONEXPR", "JSONFORMAT",
    "JSONISPREDICATE", "JSONRETURNING", "JSONTABLEPATH", "JSONTABLEPATHSCAN", "JSONVALUEEXPR", "MINMAXEXPR",
    "RANGETBLFUNCTION", "ROWCOMPAREEXPR", "ROWEXPR", "ROWMARKCLAUSE",
    "SORTGROUPCLAUSE", "SUBSCRIPTINGREF", "TABLEFUNC", "TABLESAMPLECLAUSE", "WINDOWCLAUSE", "WINDOWFUNC", "XMLEXPR",
})  # fmt: skip
"""The other node types of stored expressions: their values are unknown, and nothing follows from them."""
_NAMES: Final = {kind: fields.names for kind, fields in KNOWN_FIELDS.items()}


def check_known(tree: Value) -> None:
    """Raises: UnreadableTree, if any node has an unknown type or an unknown field, as in a later PostgreSQL."""
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(value)
        elif isinstance(value, Node):
            pending.extend(value.fields.values())
            names = _NAMES.get(value.kind)
            if names is None and value.kind not in UNKNOWN_VALUES:
                raise UnreadableTree(f"{value.kind} is an unknown node type")
            if names is not None and not value.fields.keys() <= names:
                raise UnreadableTree(f"{value.kind} has an unknown field {min(value.fields.keys() - names)}")


def is_understood(node: Node) -> bool:
    """Whether a node has a type that the translation reads, and in each of its fields a value that is understood."""
    known = KNOWN_FIELDS.get(node.kind)
    return known is not None and all(
        _is_one_of(node.get(name), values) for name, values in known.only.items() if name in node.fields
    )


def _is_one_of(value: object, values: frozenset[str | None]) -> bool:
    return value in values if value is None or isinstance(value, str) else False
