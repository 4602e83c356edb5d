"""Evaluates the conditions of a statement: every operator of IAM, with IfExists, ForAllValues and ForAnyValue.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network

from basewatch.policies.context import Context, Unset
from basewatch.policies.document import Condition
from basewatch.policies.patterns import covers, covers_arn, overlaps, overlaps_arn
from basewatch.policies.truth import NO, YES, Answer, every, some

Comparison = Callable[[str, str], bool]
"""Whether the value of a request (the second) is as the policy's (the first). Both may be patterns."""


def condition_holds(condition: Condition, context: Context, *, allows: bool, variables: bool = True) -> Answer:
    """Whether a condition holds. `allows` is the effect of its statement, and decides about keys that are free.

    UNKNOWN when its key, or a variable of its values, is not known; or when the operator is unknown.
    """
    value = context.value(condition.key)
    compare, negated = _OPERATORS.get(condition.operator, (None, False))
    if condition.operator != "null" and (compare is None or condition.quantifier not in _QUANTIFIERS):
        return Answer.depends_on(condition.key)
    if value is Unset.FREE:
        return Answer.of(allows)
    if not isinstance(value, tuple):
        return _of_unknown(condition, negated=negated)
    if condition.operator == "null" or not value:
        return Answer.of(_of_presence(condition, present=bool(value), negated=negated))
    # A request whose value is a pattern has one of many: one that helps its requester.
    compare = _OVERLAPPING.get(compare, compare) if compare and allows != negated else compare
    filled = [context.filled(each) if variables else (each, frozenset[str]()) for each in condition.values]

    def like_any(request: str) -> Answer:
        found = some(
            (Answer.depends_on(*missing) if missing else YES)
            if compare and _compared(compare, text, request, missing)
            else NO
            for text, missing in filled
        )
        return ~found if negated else found

    answers = (like_any(request) for request in value)
    # Without a quantifier, a negated operator means that no value of the request is listed.
    of_each = condition.quantifier == "forallvalues" or (negated and not condition.quantifier)
    return every(answers) if of_each else some(answers)


def _of_presence(condition: Condition, *, present: bool, negated: bool) -> bool:
    """Whether a Null condition holds, or any other on a key that the request does not have."""
    if condition.operator == "null":
        return present != (condition.values[0].lower() == "true")
    if condition.if_exists or condition.quantifier == "forallvalues":
        return True
    return negated and condition.quantifier != "foranyvalue"


def _of_unknown(condition: Condition, *, negated: bool) -> Answer:
    """What is so for every value of a key: a value of any text, where the key may also be absent."""
    if condition.operator in ("stringlike", "arnlike") and "*" in condition.values:
        if condition.if_exists or condition.quantifier == "forallvalues":
            return YES
    elif not condition.values:
        return YES if negated else NO
    return Answer.depends_on(condition.key)


def _compared(compare: Comparison, text: str, request: str, missing: frozenset[str]) -> bool:
    if missing:
        # The variable may have any value: the rest of the text must be as in the request.
        return covers(text.lower(), request.lower())
    try:
        return compare(text, request)
    except ValueError:
        return False


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(network: str, address: str) -> bool:
    there, of = ip_network(address, strict=False), ip_network(network, strict=False)
    return there.version == of.version and there.subnet_of(of)  # type: ignore[arg-type]  # of one version


def _equal_ignoring_case(policy: str, request: str) -> bool:
    return policy.lower() == request.lower()


def _ordered(read: Callable[[str], float], holds: Callable[[float, float], bool]) -> Comparison:
    return lambda policy, request: holds(read(request), read(policy))


def _literal(policy: str, request: str) -> bool:
    """Whether a request's pattern matches a policy's text, in which no character is a wildcard."""
    return policy == request or ("*" in request and covers(request, policy))


_QUANTIFIERS = ("", "forallvalues", "foranyvalue")
_EQUAL: Comparison = str.__eq__
# What compares when a value of the request is a pattern, and one text that it matches is enough.
_OVERLAPPING: dict[Comparison, Comparison] = {
    _EQUAL: _literal,
    covers: overlaps,
    covers_arn: overlaps_arn,
}
_OPERATORS: dict[str, tuple[Comparison, bool]] = {
    "stringequals": (_EQUAL, False),
    "stringnotequals": (_EQUAL, True),
    "stringequalsignorecase": (_equal_ignoring_case, False),
    "stringnotequalsignorecase": (_equal_ignoring_case, True),
    "stringlike": (covers, False),
    "stringnotlike": (covers, True),
    "arnequals": (covers_arn, False),
    "arnlike": (covers_arn, False),
    "arnnotequals": (covers_arn, True),
    "arnnotlike": (covers_arn, True),
    "bool": (_equal_ignoring_case, False),
    "binaryequals": (_EQUAL, False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
    **{
        f"{kind}{name}": (_ordered(read, holds), False)
        for kind, read in (("numeric", _number), ("date", _moment))
        for name, holds in (
            ("equals", float.__eq__),
            ("lessthan", float.__lt__),
            ("lessthanequals", float.__le__),
            ("greaterthan", float.__gt__),
            ("greaterthanequals", float.__ge__),
        )
    },
    "numericnotequals": (_ordered(_number, float.__eq__), True),
    "datenotequals": (_ordered(_moment, float.__eq__), True),
}
