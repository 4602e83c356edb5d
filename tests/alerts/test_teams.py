"""Teams gets cards within its size whose texts are no Markdown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from alerts.channels.teams import MAX_BYTES, TeamsChannel, card_message
from basewatch.errors import ConfigError
from basewatch.secrets import Reference
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

FAILS = EXAMPLES["fails"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_card_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each sort of notification says what, where, since when, and what to do."""
    assert card_message(message_of(EXAMPLES[example])) == snapshot


def test_a_card_never_exceeds_its_size() -> None:
    """A message of ten thousand wordy notifications fits, and says how many are left out."""
    wordy = replace(FAILS, alert=replace(FAILS.alert, summary="é" * 5000, remedy="\U0001f6a8" * 5000))
    text = json.dumps(card_message(message_of(*[wordy] * 10_000)), ensure_ascii=False)

    assert len(text.encode()) <= MAX_BYTES + 1500
    assert "9959 are in the report" in text


def test_only_the_texts_of_the_card_itself_are_markdown() -> None:
    """What a tenant may have written is in text runs, which Teams shows as they are."""
    hostile = replace(FAILS, alert=replace(FAILS.alert, summary="[a](http://b) {{DATE("))
    text = json.dumps(card_message(message_of(hostile)))

    assert '"TextBlock"' not in text
    assert "FactSet" not in text
    assert "{{" not in text


@pytest.mark.parametrize("url", ["http://example.com/hook", "hunter2", "https://", "https://user:pw@example.com/"])
def test_a_webhook_that_cannot_be_one_stops_the_start(url: str) -> None:
    """The error names the channel and the reference, and does not repeat the secret."""
    channel = TeamsChannel(name="ops", kind="teams", webhook=Reference("env", "TEAMS"))
    with pytest.raises(ConfigError, match=r"alerts\.channels\.ops: .*env:TEAMS") as caught:
        channel.notifier({"TEAMS": url}, None)
    assert url.removeprefix("https://") not in str(caught.value) or url == "https://"
