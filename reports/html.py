"""The report as one HTML file without scripts and external resources."""

from __future__ import annotations

from functools import cache

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from basewatch.quantities import format_duration
from reports.page import PROOF_MEANINGS, STATUS_MEANINGS, kind_of, name_of, report_page
from reports.svg import HEIGHT, WIDTH, chart
from reports.text import escape_invisible, minute_text, status_label
from reports.threats import ASSUMPTIONS, LIMITS, MITIGATION, THREATS
from reports.trends import trends
from reports.view import View

_MAX_CHARTS = 60
_MAX_FACTS_CHARS = 4_000


def render(view: View) -> bytes:
    """The report as a self-contained HTML page."""
    measured = trends(view.run)
    page = _environment().get_template("report.html.j2")
    return page.render(
        assumptions=ASSUMPTIONS,
        limits=LIMITS,
        page=report_page(view),
        run=view.run,
        view=view,
        charts=[chart(trend, view.run.window) for trend in measured[:_MAX_CHARTS]],
        charts_left_out=max(0, len(measured) - _MAX_CHARTS),
        chart_height=HEIGHT,
        chart_width=WIDTH,
        proof_meanings=PROOF_MEANINGS,
        mitigation=MITIGATION,
        status_meanings=STATUS_MEANINGS,
        threats=THREATS,
    ).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        facts=_facts,
        kind=kind_of,
        duration=format_duration,
        minute=minute_text,
        name=name_of,
        label=status_label,
    )
    return environment


def _finalized(value: object) -> object:
    # The output of a macro is a subclass of str and already escaped; other text gets its invisible characters escaped.
    return escape_invisible(value) if type(value) is str else value


def _facts(facts: object) -> str:
    text = orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= _MAX_FACTS_CHARS else f"{text[:_MAX_FACTS_CHARS]}\n… shortened; run.json has all facts"
