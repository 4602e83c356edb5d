"""Checks of the configuration itself: what it promises and nothing judges."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.meta import unjudged

CHECKS: tuple[AnyCheck, ...] = (unjudged.every_promise_is_judged,)
