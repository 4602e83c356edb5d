"""Digests of what has no definition but its own words."""

from __future__ import annotations

import hashlib


def digest_of(text: str) -> str:
    """The sha256 of a text, such as the name of a grant, as tenancy.allowed has it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
