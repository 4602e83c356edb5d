"""Prometheus's own parsers read a page back exactly, in both formats, whatever the labels hold."""

from __future__ import annotations

import math
import subprocess
from array import array
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from basewatch.family import Block, MetricFamily, MetricType, series_text
from basewatch.telemetry import ExporterMetrics
from exposition.gzip_member import deflate_blocks
from exposition.page import SERIES_PER_CHUNK, ExpositionFormat, PageRenderer, textfile
from tests.exposition.scraped import block, families_in, gauge, page_of, parsed, text_in, value_of
from tests.programs import program

ERRORS = MetricFamily(name="aws_errors_total", type=MetricType.COUNTER, help="What went wrong.")
DURATION = MetricFamily(name="aws_duration_seconds", type=MetricType.SUMMARY, help="How long it took.")
RESOURCE = MetricFamily(name="aws_resource_info", type=MetricType.INFO, help="What there is.")
AWKWARD = 'a "quoted" back\\slash,\nand a second line, {braces} = 日本 🦆 \\n'
EVERYTHING = (
    block(ERRORS, ({"function_name": "a"}, 3), ({"function_name": AWKWARD}, 0)),
    block(gauge(help_text=AWKWARD), ({}, 1.5)),
    block(DURATION, ({"table": "t", "quantile": "0.95"}, 0.2), ({"table": "t", "quantile": "0.99"}, math.nan)),
    block(DURATION, ({"table": "t"}, 12.5), suffix="_sum"),
    block(DURATION, ({"table": "t"}, 60), suffix="_count"),
    block(RESOURCE, ({"arn": "arn:aws:lambda:::a", "tag_env": "prod"}, 1)),
)
label_values = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(("", "\\", '"', "\n", '\\"\n', "é"))


@given(label_values, label_values)
def test_any_label_value_comes_back(one: str, other: str) -> None:
    """Quotes, backslashes, line ends and other scripts survive both parsers; an empty value is no label."""
    labels = {"one": one, "other": other}
    expected = {name: value for name, value in labels.items() if value}
    assert parsed(page_of(block(gauge(), (labels, 5)))) == {("aws_connections", frozenset(expected.items())): 5}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_help_comes_back(text: str) -> None:
    """The help text of a family may hold any characters."""
    page = page_of(block(gauge(help_text=f"It is {text}."), ({}, 5)))
    for dialect in ExpositionFormat:
        (family,) = families_in(text_in(page[dialect]), dialect)
        assert family.documentation == f"It is {text}."


@given(st.floats(allow_nan=False))
def test_any_number_comes_back_exactly(value: float) -> None:
    """Every number is read back exactly, including infinity."""
    assert value_of(page_of(block(gauge(), ({}, value))), "aws_connections") == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5"), (0.0, "0"), (0.1, "0.1"), (1e22, "1e+22"), (-2.50, "-2.5"), (math.inf, "+Inf"), (-math.inf, "-Inf")],
)
def test_a_number_is_written_one_way(value: float, text: str) -> None:
    """Equal numbers are equal bytes, so that unchanged samples are recognised."""
    assert textfile([block(gauge(), ({}, value))]).splitlines()[-1] == f"aws_connections {text}".encode()


def test_a_series_without_a_value_is_left_out() -> None:
    """NaN means no value; a family without values is omitted."""
    page = page_of(block(gauge(), ({"a": "1"}, math.nan), ({"a": "2"}, 7)), block(ERRORS, ({}, math.nan)))
    assert parsed(page) == {("aws_connections", frozenset({("a", "2")})): 7}
    assert "aws_errors" not in text_in(page[ExpositionFormat.TEXT])


def test_values_and_series_must_have_equal_lengths() -> None:
    """Sequences of different lengths are an error and never shift values to other series."""
    with pytest.raises(ValueError, match="1 series have 2 values"):
        page_of(Block(family=gauge(), series=[b"aws_connections "], values=[1, 2]))


def test_text_and_openmetrics_name_families_in_their_own_way() -> None:
    """OpenMetrics omits the suffix of a type from the family name, adds units, and has an end marker."""
    page = page_of(*EVERYTHING)
    text, openmetrics = (text_in(page[dialect]).splitlines() for dialect in ExpositionFormat)
    assert {line for line in text if line.startswith("# TYPE")} == {
        "# TYPE aws_connections gauge",
        "# TYPE aws_duration_seconds summary",
        "# TYPE aws_errors_total counter",
        "# TYPE aws_resource_info gauge",
    }
    assert {line for line in openmetrics if line.startswith(("# TYPE", "# UNIT"))} == {
        "# TYPE aws_connections gauge",
        "# TYPE aws_duration_seconds summary",
        "# UNIT aws_duration_seconds seconds",
        "# TYPE aws_errors counter",
        "# TYPE aws_resource info",
    }
    assert text[0].startswith('# HELP aws_connections a "quoted"')
    assert openmetrics[0].startswith('# HELP aws_connections a \\"quoted\\"')
    assert openmetrics[-1] == "# EOF"
    assert "" not in openmetrics
    assert [line for line in text if line[0] != "#"] == [line for line in openmetrics if line[0] != "#"]


def test_a_family_comes_once_however_many_blocks_it_has() -> None:
    """Two sources may share a family: it has one header, and families are sorted by name."""
    page = page_of(block(gauge("b"), ({"x": "1"}, 1)), block(gauge("a"), ({}, 2)), block(gauge("b"), ({"x": "2"}, 3)))
    assert text_in(page[ExpositionFormat.TEXT]) == (
        '# HELP a How many.\n# TYPE a gauge\na 2\n# HELP b How many.\n# TYPE b gauge\nb{x="1"} 1\nb{x="2"} 3\n'
    )


def test_telemetry_is_on_the_same_page() -> None:
    """prometheus_client's metrics are on the same page, in both formats."""
    telemetry = ExporterMetrics()
    telemetry.up.labels("lambda", "123456789012", "us-east-1").set(1)
    telemetry.queries.labels("lambda").inc(500)
    page = PageRenderer().render(EVERYTHING, telemetry.registry)
    assert value_of(page, "basewatch_metric_queries_total", collector="lambda") == 500
    assert value_of(page, "aws_errors_total", function_name="a") == 3


@given(
    st.lists(st.integers(1, SERIES_PER_CHUNK * 2 + 1), min_size=1, max_size=4),
    st.sampled_from([list, tuple, lambda values: array("d", values)]),
)
def test_large_families_are_complete(sizes: list[int], kind: type[list[float]]) -> None:
    """Every line of a large family is on the page once and in order, however its blocks are cut."""
    numbers = iter(range(sum(sizes)))
    blocks = [
        Block(
            family=gauge(),
            series=[series_text("aws_connections", [("n", str(next(numbers)))]) for _ in range(size)],
            values=kind(float(value) for value in range(size)),
        )
        for size in sizes
    ]
    lines = text_in(page_of(*blocks)[ExpositionFormat.TEXT]).splitlines()[2:]
    values = (value for size in sizes for value in range(size))
    assert lines == [f'aws_connections{{n="{number}"}} {value}' for number, value in enumerate(values)]


def test_unchanged_samples_are_not_compressed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only changed samples are compressed for the next page, once for both formats."""
    still, exposition, own = block(gauge(), ({}, 1)), PageRenderer(), CollectorRegistry()
    before = exposition.render([still, block(ERRORS, ({}, 1))], own)
    compressed: list[bytes] = []

    def seen(text: bytes) -> bytes:
        compressed.append(text)
        return deflate_blocks(text)

    monkeypatch.setattr("exposition.page.deflate_blocks", seen)
    assert exposition.render([still, block(ERRORS, ({}, 1))], own) == before
    after = exposition.render([still, block(ERRORS, ({}, 2))], own)
    assert compressed == [b"aws_errors_total 2\n"]
    assert value_of(after, "aws_errors_total") == 2


def test_equal_blocks_give_equal_pages() -> None:
    """Rendering twice, with or without reused parts, gives the same bytes, also compressed."""
    exposition, own = PageRenderer(), ExporterMetrics().registry
    assert (
        exposition.render(EVERYTHING, own)
        == exposition.render(EVERYTHING, own)
        == PageRenderer().render(EVERYTHING, own)
    )


def test_promtool_accepts_the_telemetry() -> None:
    """Prometheus's linter accepts the name, type and help text of every self-monitoring metric."""
    page = page_of(*EVERYTHING, own=ExporterMetrics().registry)
    text = text_in(page[ExpositionFormat.TEXT]).encode()
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_every_type_has_a_header_in_every_format() -> None:
    """Every type has a header."""
    for dialect, kind in product(ExpositionFormat, MetricType):
        family = MetricFamily(name=f"x{'_total' * (kind is MetricType.COUNTER)}", type=kind, help="It.")
        assert " ".join(text_in(page_of(block(family, ({}, 1)))[dialect]).splitlines()[1].split()[:2]) == "# TYPE"
