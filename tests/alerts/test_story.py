"""A story says what is wrong with which resource first, and is the same for every channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.messages import MAY_BE_OPEN, SEEN_AGAIN
from alerts.phrases import place
from alerts.story import HEADLINE_MAX_CHARS, Colour, Story, story
from basewatch.alert import Alert, AlertKind, Member
from basewatch.components import COMPONENT_TYPES, described
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Link
from tests.alerts.samples import EXAMPLES
from tests.fakes import NOON

FAILS = EXAMPLES["fails"]
BUCKET = replace(
    FAILS.alert,
    check="retention.s3.lock_versions",
    component="audit_bucket/securebase-production-audit-logs",
    subject="",
    summary="3 of 3 versions sampled, 3 not locked as promised",
    observed="",
    expected="",
    title="Every sampled object version is locked for the promised retention",
)


def told(alert: Alert, action: Action = Action.FIRE, **fields: object) -> Story:
    """The story of this alert."""
    return story(replace(FAILS, alert=alert, action=action, **fields))  # type: ignore[arg-type]  # fields by name


def line(of: Story, name: str) -> str:
    """The text of one line; empty when it is left out."""
    return dict(of.facts).get(name, "")


def test_the_headline_names_the_resource() -> None:
    """Who reads nothing else knows which resource it is and what is wrong with it."""
    assert told(BUCKET).title == (
        "S3 bucket securebase-production-audit-logs: 3 of 3 versions sampled, 3 not locked as promised "
        "(critical, securebase production)"
    )


@pytest.mark.parametrize(
    ("action", "kind", "start"),
    [
        (Action.FIRE, AlertKind.FINDING, "S3 bucket audit: "),
        (Action.FIRE, AlertKind.UNSEEN, "Cannot verify S3 bucket audit: "),
        (Action.REMIND, AlertKind.FINDING, "Still failing after 2 d 3 h: S3 bucket audit: "),
        (Action.REMIND, AlertKind.UNSEEN, "Still not verified after 2 d 3 h: S3 bucket audit: "),
    ],
)
def test_each_kind_of_message_has_its_own_first_words(action: Action, kind: AlertKind, start: str) -> None:
    """A fire and a reminder are told apart by their first words."""
    alert = replace(BUCKET, kind=kind, component="audit_bucket/audit", since=NOON)
    assert told(alert, action, at=NOON + timedelta(days=2, hours=3, minutes=4)).headline.startswith(start)


GROUP = "s3:ListBucket in AWS account production (1) is denied: 12 promises cannot be verified"
BLIND = "Basewatch cannot see AWS account production (1): 41 promises cannot be verified"


@pytest.mark.parametrize(
    ("kind", "finding", "was", "reason", "headline"),
    [
        (
            AlertKind.FINDING,
            "v1",
            "x",
            "it is no longer checked",
            "Closed after 2 h: S3 bucket audit: it is no longer checked",
        ),
        (AlertKind.FINDING, "v1", "x", MAY_BE_OPEN, "Closed in case it was open: S3 bucket audit: x"),
        (AlertKind.UNSEEN, "v1", "x", SEEN_AGAIN, "Verified again after 2 h: S3 bucket audit"),
        (
            AlertKind.UNSEEN,
            "v1",
            "x",
            "it is no longer there",
            "Closed after 2 h: S3 bucket audit: it is no longer there",
        ),
        (
            AlertKind.UNSEEN,
            "",
            GROUP,
            SEEN_AGAIN,
            "Verified again after 2 h: 12 promises (s3:ListBucket in AWS account production (1) is denied)",
        ),
        (
            AlertKind.UNSEEN,
            "",
            GROUP,
            "the rest is reported as another",
            "Closed after 2 h: s3:ListBucket in AWS account production (1) is denied: the rest is reported as another",
        ),
        (AlertKind.BLIND, "", BLIND, SEEN_AGAIN, "Basewatch sees AWS account production (1) again after 2 h"),
        (
            AlertKind.BLIND,
            "",
            BLIND,
            "the rest is reported as another",
            "Closed after 2 h: Basewatch cannot see AWS account production (1): the rest is reported as another",
        ),
    ],
)
def test_an_end_says_no_more_than_is_known(kind: AlertKind, finding: str, was: str, reason: str, headline: str) -> None:
    """Only what was looked at again is called resolved, verified or seen, and is green."""
    alert = replace(
        BUCKET,
        kind=kind,
        finding=finding,
        component="audit_bucket/audit",
        summary=was,
        since=NOON,
        status=Status.NOT_APPLICABLE,
    )
    ended = told(alert, Action.RESOLVE, at=NOON + timedelta(hours=2), was=was, reason=reason)
    assert ended.headline == headline
    assert (ended.colour is Colour.WHITE) == headline.startswith("Closed after")


def test_a_flapping_alert_says_so_first() -> None:
    """Nobody takes it for a new failure."""
    assert told(replace(BUCKET, flapping=True)).headline.startswith("Flapping: S3 bucket")


def test_a_promise_that_holds_again_says_what_it_was() -> None:
    """A resolve tells the present state first, and the past one with its duration."""
    passes = story(EXAMPLES["passes again"])
    assert passes.headline == "Resolved after 6 h: Aurora cluster securebase-production: It is PASS."
    assert line(passes, "It was") == "The newest restorable time is 2 h old."
    assert line(passes, "Since") == "2026-03-02 12:00 UTC until 2026-03-02 18:00 UTC"


def test_a_problem_older_than_its_message_says_so() -> None:
    """What the facts say of the beginning is told beside the time of the message."""
    shown = told(replace(BUCKET, since=NOON - timedelta(hours=3, minutes=36)), fired_at=NOON)
    assert line(shown, "Since") == "2026-03-02 08:24 UTC, 3 h 36 min before this channel was notified"


def test_short_figures_stand_in_the_headline() -> None:
    """A summary without its figures gets them, unless it has them already."""
    old = replace(BUCKET, summary="The newest dump is too old", observed="3h36m", expected="1h30m at most")
    assert told(old).headline.endswith(": The newest dump is too old (3h36m, expected 1h30m at most)")
    said = replace(old, summary="The newest dump is 3h36m old")
    assert told(said).headline.endswith(": The newest dump is 3h36m old")


def test_figures_that_do_not_fit_are_left_to_the_facts() -> None:
    """A headline is not cut within a figure that is told below."""
    summary = "x" * (HEADLINE_MAX_CHARS - 60)
    long = told(replace(BUCKET, summary=summary, observed="o" * 30, expected="e" * 30))
    assert long.headline.endswith("xx")
    assert line(long, "Observed") == "o" * 30


@pytest.mark.parametrize(
    ("component", "subject", "summary", "headline"),
    [
        (
            "table/t",
            "",
            "table/t is declared but does not exist: gone",
            "DynamoDB table t is declared but does not exist: gone",
        ),
        (
            "aurora_cluster/main",
            "",
            "The cluster main exists, but it is stopped",
            "Aurora cluster main: The cluster exists, but it is stopped",
        ),
        ("api/front", "", "The API front is PENDING", "API front: The API is PENDING"),
        ("database/db", "app invoices", "app reads rows of invoices", "database db: app reads rows of invoices"),
        (
            "database/db",
            "app invoices",
            "Some attempts as app failed",
            "database db, app invoices: Some attempts as app failed",
        ),
        (
            "database/db",
            "allowed function f()",
            "The function f() has changed",
            "database db: The function f() has changed",
        ),
        (
            "aurora_cluster/db",
            "db-1",
            "The CPU utilization was high",
            "Aurora cluster db, db-1: The CPU utilization was high",
        ),
        ("watcher/basewatch", "", "A pass was missed", "Basewatch: A pass was missed"),
    ],
)
def test_a_name_is_said_once(component: str, subject: str, summary: str, headline: str) -> None:
    """The resource and the subject are named, and neither twice."""
    alert = replace(
        BUCKET, component=component, subject=subject, summary=summary, observed="absent", expected="present"
    )
    assert told(alert).headline == headline


def test_a_long_text_is_cut_in_the_headline_alone() -> None:
    """The headline fits a phone, and the whole text follows."""
    shown = told(replace(BUCKET, summary="word " * 100))
    assert HEADLINE_MAX_CHARS - 5 < len(shown.headline) <= HEADLINE_MAX_CHARS
    assert line(shown, "What").count("word") == 100


def test_several_findings_are_one_sentence() -> None:
    """What an alert explains is told by resource, a few of it whole and the rest as a number."""
    members = tuple(
        Member(
            key=f"v1-{number}",
            check="tenancy.probe.sweep",
            component="database/main",
            subject=f"public.t{number}",
            status=Status.FAIL,
            severity=Severity.HIGH,
            summary="1 of 3 tenants saw rows of another",
        )
        for number in range(7)
    )
    told_of = line(told(replace(BUCKET, members=members)), "Explains")
    assert told_of.startswith("7 more: database main, public.t0: 1 of 3 tenants saw rows of another; ")
    assert told_of.endswith("; and 2 more")


def test_what_could_not_be_verified_is_counted_by_resource() -> None:
    """A cut cable reads as one sentence, however many checks hang on it."""
    members = tuple(
        Member(
            key=f"v1-{name}-{number}",
            check=f"service.function.{number}",
            component=f"function/{name}",
            subject="",
            status=Status.UNVERIFIED,
            severity=Severity.HIGH,
            summary="cloudwatch:GetMetricData did not answer",
        )
        for name in ("auth", "billing")
        for number in range(3)
    )
    blind = replace(
        BUCKET, kind=AlertKind.BLIND, summary="Basewatch cannot see AWS account production", members=members
    )
    assert told(blind).headline == "Basewatch cannot see AWS account production"
    assert line(told(blind), "Not verified") == "Lambda function auth (3); Lambda function billing (3)"


def test_a_reminder_is_short() -> None:
    """It says what to do and what is observed now, and not again what the promise is."""
    names = {name for name, _ in told(BUCKET, Action.REMIND, at=NOON + timedelta(days=2)).facts}
    assert names.isdisjoint({"Promise", "Known by"})
    assert "Explain" in names


def test_every_kind_of_component_has_a_word() -> None:
    """No component is called by the name of its kind in the configuration."""
    assert [kind for kind in COMPONENT_TYPES if not kind.noun] == []
    assert described("function/arn:aws:lambda:us-east-1:123456789012:function:auth:live") == "Lambda function auth:live"


def test_links_lead_to_the_runbook_and_the_resource() -> None:
    """Without any setting there are the page of the check and the resource in the AWS console."""
    assert FAILS.links == (
        Link(label="Runbook", url="docs/runbooks/backup.aurora.rpo.md"),
        Link(
            label="AWS console",
            url="https://us-east-1.console.aws.amazon.com/rds/home?region=us-east-1"
            "#database:id=securebase-production;is-cluster=true",
        ),
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("aws:123456789012/us-east-1", "AWS account 123456789012, us-east-1"),
        ("aws:123456789012", "AWS account 123456789012"),
        ("postgresql:main", "database main"),
        ("postgresql:main/reader", "database main (reader)"),
        ("postgresql:main/login/app", "database main as app"),
        ("postgresql:main/proxy/app", "database main through its proxy as app"),
        ("configuration", "configuration"),
    ],
)
def test_a_source_is_told_in_words(source: str, words: str) -> None:
    """Nobody has to know how Basewatch writes a source down."""
    assert place(source) == words


@pytest.mark.parametrize("example", EXAMPLES)
def test_nothing_is_said_twice(example: str) -> None:
    """No line repeats another, and none is empty."""
    shown = story(EXAMPLES[example])
    texts = [text for _, text in shown.facts]
    assert all(texts)
    assert len(texts) == len(set(texts)), shown
