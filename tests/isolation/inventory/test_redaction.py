"""Redaction keeps no constant of an expression, in any surrounding text."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from isolation.inventory.redaction import redact_text, redact_tree

CONTEXTS = ("app.tenant",)
SECRET = "deadbeef-0000-4000-8000-0000000000aa"
AROUND = st.sampled_from((
    "tenant = {}", "(({}))::uuid", "tenant IN ({}, {})", '"it\'s" = {}', "-- {}\n", "/* {} */ true", "f({}, $1)",
    "E'\\\\' || {}", "'' || {}", "current_setting({})", "$$ {} $$", "$a$ {} $a$", "'''' || {}", '"a""b" OR {}', "x.{}",
    "coalesce({}, '')::text",
))  # fmt: skip


def varlena(text: str) -> str:
    """The constant of a text in a node tree."""
    stored = ((len(text.encode()) + 4) << 2).to_bytes(4, "little") + text.encode()
    return f"{len(stored)} [ {' '.join(str(byte - 256 if byte > 127 else byte) for byte in stored)} ]"


def constant(kind: int, value: str) -> str:
    """A CONST node in the format of version 18."""
    return (
        f"{{CONST :consttype {kind} :consttypmod -1 :constcollid 100 :constlen -1 :constbyval false :constisnull false "
        f":location 41 :constvalue {value}}}"
    )


@given(
    st.lists(AROUND, min_size=1),
    st.sampled_from((f"'{SECRET}'", "E'\\x" + SECRET + "'", "4711004711", f"U&'{SECRET}'")),
)
def test_no_literal_remains_in_a_text(around: list[str], literal: str) -> None:
    """Strings, numbers and comments are removed, with any quoting and any preceding text."""
    redacted = redact_text(" AND ".join(part.replace("{}", literal) for part in around), CONTEXTS)
    assert "deadbeef" not in redacted
    assert "4711" not in redacted


@given(st.text(alphabet="'\"$aE\\-/*() \n.1_:é"))
def test_redaction_is_idempotent(text: str) -> None:
    """For any text, also with unterminated quotes, a second redaction changes nothing."""
    once = redact_text(text, CONTEXTS)
    assert redact_text(once, CONTEXTS) == once


@given(
    st.sampled_from(("'it''s {}", '"{}', "$$ {}", "$a$ {} $b$", "'a\\' {} '", "/* a /* b */ {} */", "/* {}", "''' {}")),
    AROUND,
)
def test_a_text_that_cannot_be_tokenized_is_redacted_completely(broken: str, around: str) -> None:
    """With an unterminated quote it is unknown which parts are quoted: nothing of the text is kept."""
    for text in (broken, f"{around.replace('{}', 'x')} AND {broken}"):
        assert redact_text(text.replace("{}", SECRET), CONTEXTS) == "…"


def test_setting_names_and_empty_texts_are_kept() -> None:
    """A text keeps what the kernel needs: setting names, the empty text, identifiers, booleans and NULL."""
    text = """("Order 66" = (NULLIF(current_setting('app.other'::text, true), ''::text))::uuid) OR NULL = $1"""
    assert redact_text(text, CONTEXTS) == text
    assert redact_text("x = 'app.tenant'", CONTEXTS) == "x = 'app.tenant'"
    assert redact_text("x = 'acme.example' OR f(7) = 1.5e3", CONTEXTS) == "x = '…' OR f(…) = …"


@given(st.uuids(version=4), st.text(min_size=1, max_size=20), st.integers(min_value=2))
def test_no_constant_remains_in_a_tree(tenant: UUID, name: str, number: int) -> None:
    """Of ids as uuid, text or number, only the type of the constant is kept."""
    as_bytes = " ".join(str(byte - 256 if byte > 127 else byte) for byte in tenant.bytes)
    constants = (
        constant(2950, f"16 [ {as_bytes} ]"),
        constant(25, varlena(name)),
        constant(20, f"8 [ {number} 0 0 0 ]"),
    )
    redacted = redact_tree(f"{{BOOLEXPR :args ({' '.join(constants)})}}", CONTEXTS)
    assert redacted.count(":constvalue redacted") == 3 - (name in {"", *CONTEXTS})
    assert as_bytes not in redacted
    assert ":location" not in redacted


def test_a_tree_keeps_what_the_kernel_needs() -> None:
    """It keeps booleans, the empty text, the declared settings, and the argument of any current_setting call."""
    call = "{FUNCEXPR :funcid 3294 :funcresulttype 25 :location 7 :args (" + constant(25, varlena("app.other")) + ")}"
    kept = (constant(16, "1 [ 1 0 0 0 0 0 0 0 ]"), constant(25, varlena("")), constant(25, varlena("app.tenant")), call)
    for tree in kept:
        assert redact_tree(tree, CONTEXTS) == tree.replace(" :location 41", "").replace(" :location 7", "")
    nil = "00000000-0000-0000-0000-000000000000"
    for tree in (constant(2950, f"16 [{' 0' * 16} ]"), constant(23, "4 [ -1 -1 -1 -1 -1 -1 -1 -1 ]")):
        assert "redacted" not in redact_tree(tree, CONTEXTS)
    assert redact_text(f"coalesce(x, '{nil}')", CONTEXTS) == f"coalesce(x, '{nil}')"
    declared = constant(2950, f"16 [{' 0' * 15} 9 ]"), constant(20, "8 [ 7 0 0 0 0 0 0 0 ]")
    for tree in declared:
        assert "redacted" in redact_tree(tree, CONTEXTS)
        assert "redacted" not in redact_tree(tree, (nil[:-1] + "9", "7"))
    other = call.replace("3294", "870")
    assert "redacted" in redact_tree(other, CONTEXTS)


def test_a_constant_in_an_unknown_format_is_redacted() -> None:
    """A format of constants of a later version, or a raw parse tree, reveals no constant."""
    assert redact_tree("{CONST :new 1 {X} :constvalue 4 [ 1 2 3 4 ]}", ()) == "{CONST :new 1 {X} :constvalue redacted}"
    assert redact_tree('{A_CONST :val "deadbeef" :location 4}', ()) == "{A_CONST redacted}"


@given(st.text(min_size=1), st.text(min_size=1))
def test_expressions_that_differ_in_a_constant_have_one_redacted_tree(one: str, two: str) -> None:
    """What is stored of a text constant does not depend on it."""
    first, second = (redact_tree(constant(25, varlena(f"{text}x")), CONTEXTS) for text in (one, two))
    assert first == second


def test_source_locations_are_ignored() -> None:
    """The same policy with other white space has the same tree."""
    here, there = (redact_tree(f"{{VAR :varno 1 :location {at}}}", CONTEXTS) for at in (5, 99))
    assert here == there
