"""Reports of a run. The same view in the same format is always the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from reports import html, json_report, markdown
from reports.view import View


class ReportFormat(Enum):
    """Every format of a report, with the file it is written to and the function that renders it."""

    HTML = "report.html", html.render
    MARKDOWN = "report.md", markdown.render
    JSON = "findings.json", json_report.render

    def __init__(self, file_name: str, renderer: Callable[[View], bytes]) -> None:
        self.file_name = file_name
        self.renderer = renderer


def render(view: View, format: ReportFormat) -> bytes:  # noqa: A002  # a report has a format
    """The report of a view as UTF-8. It depends on the view alone, not on the time or the machine."""
    return format.renderer(view)
