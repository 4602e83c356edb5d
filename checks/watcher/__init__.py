"""Checks of Basewatch itself: whether it has looked at the platform as often as it promises."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.watcher import passes

CHECKS: tuple[AnyCheck, ...] = (passes.no_pass_is_missing,)
