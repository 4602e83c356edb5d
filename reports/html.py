"""The report as one HTML file that asks nothing of the network and runs no script."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.view import View, worst_first


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(view: View) -> bytes:
    """The report as a self-contained HTML page."""
    template = _environment().get_template("report.html.j2")
    return template.render(view=view, run=view.run, findings=worst_first(view.run.findings)).encode()
