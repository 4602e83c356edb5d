"""`basewatch notify test`: proves that each channel is reached, before an alert depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from alerts import Delivery, Undelivered, last_chance_policy, notifiers
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from workflows.clients import AwsSessions
from workflows.commands import ExitCode, utc_now
from workflows.drills import Drill
from workflows.plan import load_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What a channel did in a drill: `error` is empty if it accepted the alert and its end."""

    channel: str
    error: str = ""


def notify_test(path: Path, environ: Mapping[str, str], only: Sequence[str]) -> int:
    """Sends a drill to each channel, or to those in `only`, prints what each answered, and says if one failed.

    It uses the outbox and the dispatcher of a pass, with an outbox of its own, so nothing that is pending is sent.
    No secret but those of the channels has to be set. Raises: BasewatchError, for a channel that is not configured.
    """
    config = load_plan(path).config
    store = AwsSessions(config, environ).secret_store
    configured = [each for each in config.alerts.channels if not only or each.name in only]
    chosen = notifiers(config.alerts.model_copy(update={"channels": tuple(configured)}), environ, store)
    names = [each.name for each in config.alerts.channels]
    if unknown := sorted(set(only) - set(names)):
        known = ", ".join(names) or "none"
        raise BasewatchError(f"there is no channel {unknown[0]}; the channels of the configuration are: {known}")
    if not names:
        raise BasewatchError("the configuration has no channel: declare one in alerts.channels")
    with History.in_memory() as history:
        policy = last_chance_policy(config.run.deadline)
        drill = Drill(config=config, history=history, notifiers=chosen, clock=utc_now, retry_policy=policy)
        delivery = drill.run([each.name for each in chosen])
    results = tuple(drilled([each.name for each in chosen], delivery))
    kinds = {channel.name: type(channel).kind_name() for channel in config.alerts.channels}
    for each in results:
        outcome = f"failed: {each.error}" if each.error else "accepted the test alert and its end"
        typer.echo(f"{each.channel} ({kinds[each.channel]}) {outcome}")
    return ExitCode.UNDELIVERED if any(each.error for each in results) else ExitCode.PASSED


def drilled(channels: Iterable[str], delivery: Delivery) -> Iterator[Drilled]:
    """What each channel did in a drill."""
    missed: dict[str, Undelivered] = {each.notification.channel: each for each in reversed(delivery.undelivered)}
    for name in channels:
        yield Drilled(channel=name, error=missed[name].error if name in missed else "")
