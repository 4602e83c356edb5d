"""The report as one HTML file that asks nothing of the network and runs no script."""

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

_MOST_CHARTS = 60
_MOST_FACTS = 4_000


def render(view: View) -> bytes:
    """The report as a self-contained HTML page."""
    drawn = trends(view.run)
    page = _environment().get_template("report.html.j2")
    return page.render(
        assumptions=ASSUMPTIONS,
        limits=LIMITS,
        page=report_page(view),
        run=view.run,
        view=view,
        charts=[chart(trend, view.run.window) for trend in drawn[:_MOST_CHARTS]],
        charts_left_out=max(0, len(drawn) - _MOST_CHARTS),
        chart_height=HEIGHT,
        chart_width=WIDTH,
        proof_meanings=PROOF_MEANINGS,
        remedy=MITIGATION,
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
        length=format_duration,
        moment=minute_text,
        name=name_of,
        word=status_label,
    )
    return environment


def _finalized(value: object) -> object:
    # A macro's output is already escaped, and a subclass of str; whatever else is text is shown for what it is.
    return escape_invisible(value) if type(value) is str else value


def _facts(facts: object) -> str:
    text = orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= _MOST_FACTS else f"{text[:_MOST_FACTS]}\n… shortened; the run's JSON has all of it"
