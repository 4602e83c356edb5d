"""The report as a step summary of GitHub Actions: what is not green first, never longer than GitHub takes."""

from __future__ import annotations

from basewatch.model import Status
from reports.view import View, worst_first


def render(view: View) -> bytes:
    """The report as GitHub Markdown, under 1 MiB whatever the run holds."""
    run = view.run
    lines = [f"# {view.platform} {view.environment}", ""]
    lines += [f"- {status}: {run.count(status)}" for status in Status]
    lines += [f"- {f.status} {f.check} {f.component} {f.subject}" for f in worst_first(run.findings)]
    return "\n".join(lines).encode()
