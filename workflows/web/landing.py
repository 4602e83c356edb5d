"""The page at /: what this is, how it is doing, and where to look."""

from __future__ import annotations

from datetime import datetime
from html import escape

from basewatch import __version__

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Basewatch</title>
<style>:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }} body {{ margin: 3rem }}</style>
<h1>Basewatch</h1>
<p>Version {version}, {state}. The page of metrics is of {at}.</p>
<ul>
<li><a href="metrics">/metrics</a>: what Prometheus scrapes</li>
<li><a href="-/healthy">/-/healthy</a>: whether it still refreshes</li>
<li><a href="-/ready">/-/ready</a>: whether its metrics can be relied on</li>
</ul>
</html>
"""


def landing(*, waiting_for: str, at: datetime) -> str:
    """The page, as HTML."""
    state = f"not ready: waiting for {waiting_for}" if waiting_for else "ready"
    return _PAGE.format(version=escape(__version__), state=escape(state), at=escape(f"{at:%Y-%m-%d %H:%M:%S} UTC"))
