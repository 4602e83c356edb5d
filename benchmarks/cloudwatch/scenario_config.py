"""Basewatch's configuration for a scenario, written to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cloudwatch.processes import ACCOUNT

EVERYTHING = ("lambda", "dynamodb", "api_gateway", "aurora")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioConfig:
    """The settings in which scenarios differ: accounts, collectors, intervals, concurrency and rates."""

    collectors: tuple[str, ...] = EVERYTHING
    accounts: Mapping[str, Mapping[str, Any]] | None = None
    fast: str = "1m"
    every: str = "5m"
    slow: str = "1h"
    concurrency: int = 5
    calls_per_second: float = 40
    datapoints_per_second: float = 170_000
    keep_alive: str = "15m"
    idle_skip: bool = True

    def write(self, folder: Path, port: int = 9464) -> Path:
        """Writes the configuration to `folder`, with its history there: everything is discovered, one check runs."""
        accounts = self.accounts or {"main": {"id": ACCOUNT, "regions": ["us-east-1"]}}
        discover = [
            {"collector": collector, "by": "list", "account": name, "region": region, "at_most": 100_000}
            for name, account in accounts.items()
            for region in account["regions"]
            for collector in self.collectors
        ]
        name, account = next(iter(accounts.items()))
        location = {"account": name, "region": account["regions"][0]}
        function = {"name": "function-00000", "errors_below": "90% for 5m", **location}
        config = {
            "version": 1,
            "platform": {"name": "benchmark", "environment": "benchmark"},
            "aws": {"accounts": dict(accounts)},
            "components": {"functions": [function]},
            "watch": False,
            "collectors": {
                "fast": self.fast,
                "standard": self.every,
                "slow": self.slow,
                "max_staleness": self.keep_alive,
                "skip_idle": self.idle_skip,
                "concurrency": self.concurrency,
                "calls_per_second": self.calls_per_second,
                "datapoints_per_second": self.datapoints_per_second,
                "discover": discover,
            },
            "reports": {"directory": str(folder / "out")},
            "history": {"url": f"sqlite:///{folder / 'history.db'}"},
            "web": {"listen": f"127.0.0.1:{port}"},
        }
        # JSON is YAML.
        path = folder / "config.yaml"
        path.write_text(json.dumps(config, indent=1))
        return path
