"""Writes a run down: the same view in the same format is always the same bytes."""

from __future__ import annotations

from enum import StrEnum

from reports import html, json_report, markdown
from reports.view import View


class ReportFormat(StrEnum):
    """How a report is written: for people, for a step summary, for programs."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


_RENDERERS = {
    ReportFormat.HTML: html.render,
    ReportFormat.MARKDOWN: markdown.render,
    ReportFormat.JSON: json_report.render,
}


def render(view: View, format: ReportFormat) -> bytes:  # noqa: A002  # what a report has is a format
    """The report of a view as UTF-8: it depends on the view alone, not on the time or the machine."""
    return _RENDERERS[format](view)
