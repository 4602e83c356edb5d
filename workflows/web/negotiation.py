"""What a scraper is sent, by what it says it accepts.

https://www.rfc-editor.org/rfc/rfc9110#section-12.5 https://prometheus.io/docs/instrumenting/content_negotiation/
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.exposition import Dialect

_TEXT = "text/plain"
_OPENMETRICS = "application/openmetrics-text"


def dialect(accept: str) -> Dialect:
    """OpenMetrics for whoever names version 1.0.0 of it, or no version, and likes it no less than text; else text.

    Whoever accepts anything, or nothing that there is, gets text too: every scraper reads it, and so do people.
    """
    openmetrics = text = 0.0
    how_exactly = -1
    for media, parameters, quality in _ranges(accept):
        if media == _OPENMETRICS and parameters.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, quality)
        elif media in _WILDER and parameters.get("version", "0.0.4") == "0.0.4":
            exactness = _WILDER.index(media)
            if exactness >= how_exactly:
                how_exactly, text = exactness, quality
    return Dialect.OPENMETRICS if openmetrics and openmetrics >= text else Dialect.TEXT


# The most exact range that matches says how much text is liked.
_WILDER = ("*/*", "text/*", _TEXT)


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether gzip is accepted, and liked no less than no encoding at all."""
    qualities = {coding: quality for coding, _, quality in _ranges(accept_encoding)}
    anything = qualities.get("*", 0.0)
    gzip = qualities.get("gzip", qualities.get("x-gzip", anything))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each member of the header, in lower case, with its parameters and its quality; one without sense is left out."""
    for member in header.lower().split(","):
        name, *rest = (part.strip() for part in member.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (part.partition("=") for part in rest)}
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, parameters, quality
