"""What is kept of an expression: never a constant, whatever surrounds it."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from isolation.inventory.redaction import redact_text, redact_tree, stored_expression

CONTEXTS = ("app.tenant",)
SECRET = "deadbeef-0000-4000-8000-0000000000aa"
AROUND = st.sampled_from((
    "tenant = {}", "(({}))::uuid", "tenant IN ({}, {})", '"it\'s" = {}', "-- {}\n", "/* {} */ true", "f({}, $1)",
    "E'\\\\' || {}", "'' || {}", "current_setting({})", "$$ {} $$", "$a$ {} $a$", "'''' || {}", '"a""b" OR {}', "x.{}",
    "coalesce({}, '')::text",
))  # fmt: skip


def varlena(text: str) -> str:
    """A text as a node tree prints its constant."""
    stored = ((len(text.encode()) + 4) << 2).to_bytes(4, "little") + text.encode()
    return f"{len(stored)} [ {' '.join(str(byte - 256 if byte > 127 else byte) for byte in stored)} ]"


def constant(kind: int, value: str) -> str:
    """A constant of a node tree, as version 18 writes it."""
    return (
        f"{{CONST :consttype {kind} :consttypmod -1 :constcollid 100 :constlen -1 :constbyval false :constisnull false "
        f":location 41 :constvalue {value}}}"
    )


@given(
    st.lists(AROUND, min_size=1),
    st.sampled_from((f"'{SECRET}'", "E'\\x" + SECRET + "'", "4711004711", f"U&'{SECRET}'")),
)
def test_no_literal_stays_in_a_text(around: list[str], literal: str) -> None:
    """Strings, numbers and comments are gone, however they are quoted and whatever stands before them."""
    blanked = redact_text(" AND ".join(part.replace("{}", literal) for part in around), CONTEXTS)
    assert "deadbeef" not in blanked
    assert "4711" not in blanked


@given(st.text(alphabet="'\"$aE\\-/*() \n.1_:é"))
def test_blanking_a_text_twice_changes_nothing(text: str) -> None:
    """Any text at all is blanked, quotes that never end too, and nothing more is found in what is left."""
    once = redact_text(text, CONTEXTS)
    assert redact_text(once, CONTEXTS) == once


@given(
    st.sampled_from(("'it''s {}", '"{}', "$$ {}", "$a$ {} $b$", "'a\\' {} '", "/* a /* b */ {} */", "/* {}", "''' {}")),
    AROUND,
)
def test_what_cannot_be_told_apart_is_blanked_as_a_whole(broken: str, around: str) -> None:
    """With a quote that never ends, nobody knows what is inside of one: nothing of the text is kept."""
    for text in (broken, f"{around.replace('{}', 'x')} AND {broken}"):
        assert redact_text(text.replace("{}", SECRET), CONTEXTS) == "…"


def test_names_of_settings_and_empty_texts_stay() -> None:
    """What the kernel needs is left: which setting is asked for, the empty text, identifiers, booleans and NULL."""
    text = """("Order 66" = (NULLIF(current_setting('app.other'::text, true), ''::text))::uuid) OR NULL = $1"""
    assert redact_text(text, CONTEXTS) == text
    assert redact_text("x = 'app.tenant'", CONTEXTS) == "x = 'app.tenant'"
    assert redact_text("x = 'acme.example' OR f(7) = 1.5e3", CONTEXTS) == "x = '…' OR f(…) = …"


@given(st.uuids(version=4), st.text(min_size=1, max_size=20), st.integers(min_value=2))
def test_no_constant_stays_in_a_tree(tenant: UUID, name: str, number: int) -> None:
    """Ids as uuid, as text, as a number and in an array: only that there is a constant of that type is kept."""
    as_bytes = " ".join(str(byte - 256 if byte > 127 else byte) for byte in tenant.bytes)
    constants = (
        constant(2950, f"16 [ {as_bytes} ]"),
        constant(25, varlena(name)),
        constant(20, f"8 [ {number} 0 0 0 ]"),
    )
    blanked = redact_tree(f"{{BOOLEXPR :args ({' '.join(constants)})}}", CONTEXTS)
    assert blanked.count(":constvalue redacted") == 3 - (name in {"", *CONTEXTS})
    assert as_bytes not in blanked
    assert ":location" not in blanked


def test_what_the_kernel_needs_stays_in_a_tree() -> None:
    """Booleans, the empty text, the declared settings, and the argument of current_setting whatever setting it is."""
    call = "{FUNCEXPR :funcid 3294 :funcresulttype 25 :location 7 :args (" + constant(25, varlena("app.other")) + ")}"
    kept = (constant(16, "1 [ 1 0 0 0 0 0 0 0 ]"), constant(25, varlena("")), constant(25, varlena("app.tenant")), call)
    for tree in kept:
        assert redact_tree(tree, CONTEXTS) == tree.replace(" :location 41", "").replace(" :location 7", "")
    other = call.replace("3294", "870")
    assert "redacted" in redact_tree(other, CONTEXTS)


def test_a_constant_in_a_shape_that_is_not_known_is_blanked() -> None:
    """A version that writes constants some other way, or a parse tree that is not analyzed, gives nothing away."""
    assert redact_tree("{CONST :new 1 {X} :constvalue 4 [ 1 2 3 4 ]}", ()) == "{CONST :new 1 {X} :constvalue redacted}"
    assert redact_tree('{A_CONST :val "deadbeef" :location 4}', ()) == "{A_CONST blanked}"


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_digest_is_of_the_constants_too(one: str, two: str) -> None:
    """Two expressions that differ in a constant alone look the same, and are not."""
    first, second = (stored_expression(constant(25, varlena(f"{text}x")), "", CONTEXTS) for text in (one, two))
    assert first is not None
    assert second is not None
    assert first.tree == second.tree
    assert (first.digest == second.digest) == (one == two)


def test_where_it_stood_is_no_part_of_an_expression() -> None:
    """The same policy written with other spaces has the same tree and the same digest."""
    here, there = (stored_expression(f"{{VAR :varno 1 :location {at}}}", "x", CONTEXTS) for at in (5, 99))
    assert here == there
