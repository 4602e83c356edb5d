"""The fake's settings, from the command line or changed while it runs, and the token buckets of its quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSettings:
    """The fake's settings; the defaults are AWS's own quotas, a small fleet, and no failures.

    Fleet: the number of each resource per account and region; `churn_seconds` until a tenth of them is replaced (0:
    never); `idle_ratio` of functions without activity; `linked_accounts` are shared through OAM. Wire: `latency_ms`
    of every response; quotas per second of each account, region and operation; `max_datapoints` of a page;
    `strict_windows` rejects windows that are not on whole periods. Failures: the ratios of results that are
    `partial_ratio`, `internal_error_ratio` or `forbidden_ratio`, and of calls that are `fault_ratio`;
    `late_minutes` until a minute is complete; `silent_ratio` of minutes without data; `dead_region` never answers;
    an assumed role's keys are rejected after `session_seconds`, although `claimed_session_seconds` were announced.
    `now` stops the fake's clock.
    """

    functions: int = 40
    tables: int = 20
    apis: int = 10
    instances: int = 10
    churn_seconds: int = 0
    idle_ratio: float = 0
    linked_accounts: str = ""
    latency_ms: float = 50
    calls_per_second: float = 50
    datapoints_per_second: float = 180_000
    lists_per_second: float = 25
    max_datapoints: int = 100_800
    strict_windows: int = 1
    partial_ratio: float = 0
    internal_error_ratio: float = 0
    forbidden_ratio: float = 0
    fault_ratio: float = 0
    late_minutes: int = 0
    silent_ratio: float = 0
    dead_region: str = ""
    session_seconds: float = 0
    claimed_session_seconds: float = 3600
    now: float = 0

    def updated(self, settings: Mapping[str, Any]) -> FakeSettings:
        """These settings with some of them replaced. Raises: ValueError, for an unknown name or an invalid value."""
        kinds = get_type_hints(FakeSettings)
        unknown = sorted(set(settings) - set(kinds))
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        values: dict[str, Any] = {name: kinds[name](value) for name, value in settings.items()}
        return replace(self, **values)

    def arguments(self) -> list[str]:
        """The command line arguments for the settings that differ from the defaults."""
        return [
            f"{field.name}={value}" for field in fields(self) if (value := getattr(self, field.name)) != field.default
        ]


def from_arguments(arguments: Iterable[str]) -> FakeSettings:
    """The settings of `name=value` arguments. Raises: ValueError."""
    return FakeSettings().updated(dict(argument.split("=", 1) for argument in arguments))


@dataclass(slots=True)
class TokenBucket:
    """A token bucket with the tokens of one second, full at first."""

    rate: float
    tokens: float = 0
    updated_at: float = float("-inf")

    def take(self, tokens: float, now: float) -> bool:
        """Whether a request of that many tokens is allowed at `now`; it may overdraw, and later requests then wait."""
        self.tokens = min(self.rate, self.tokens + (now - self.updated_at) * self.rate)
        self.updated_at = now
        if self.tokens < min(tokens, 1):
            return False
        self.tokens -= tokens
        return True
