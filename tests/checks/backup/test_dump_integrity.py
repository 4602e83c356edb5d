"""A dump that is truncated, empty, replaced or without proof of its content never passes."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.response import StreamingBody
from hypothesis import given
from hypothesis import strategies as st

from basewatch.errors import ObservationError
from basewatch.model import Reason, Status
from checks.backup.dump_completeness import Completeness
from checks.backup.dump_integrity import newest_dump_is_intact
from checks.backup.dump_integrity_facts import FileDigest, NewestDump, newest_dump
from checks.backup.dump_sizes import DumpSize
from tests.checks.backup.test_dump_freshness import DUMPS
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import Wire, answered, looking, refusal

CONTENT = b"PGDMP" + b"x" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
HOUR = timedelta(hours=1)


def before(*sizes: int) -> tuple[DumpSize, ...]:
    """Dumps of these sizes, one an hour, the last an hour ago, and then the newest."""
    older = [
        DumpSize(key=f"hourly/{index}", written=NOW - (len(sizes) - index) * HOUR, size_bytes=size)
        for index, size in enumerate(sizes)
    ]
    return (*older, DumpSize(key="hourly/z", written=NOW, size_bytes=1000))


GOOD = NewestDump(
    key="hourly/z",
    written=NOW,
    size_bytes=1000,
    layers=("custom",),
    completeness=Completeness(state="complete"),
    digests=(FileDigest(key="hourly/z", recorded=SHA256, stored=SHA256),),
    recent=before(900, 1000, 1000),
    others=3,
)


def digests(recorded: str = SHA256, stored: str = SHA256) -> tuple[FileDigest, ...]:
    """The digests of the one file."""
    return (FileDigest(key="hourly/z", recorded=recorded, stored=stored),)


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({"broken": "is an error page", "layers": ()}, "The newest dump is an error page"),
        ({"digests": digests(stored=OTHER)}, "The newest dump does not have the recorded SHA-256"),
        ({"size_bytes": 499}, "The newest dump has 499 bytes instead of about 1000"),
        (
            {"size_bytes": 0, "broken": "is empty", "layers": ()},
            "The newest dump is empty; it has 0 bytes instead of about 1000",
        ),
    ],
)
def test_a_damaged_dump_fails_and_the_summary_lists_the_damage(changes: dict[str, Any], summary: str) -> None:
    """The summary lists every damage, even when other facts are missing."""
    found = verdict(newest_dump_is_intact, replace(GOOD, **changes), DUMPS)
    assert (found.status, found.summary) == (Status.FAIL, summary)


@pytest.mark.parametrize("size", [500, 1000, 2000])
def test_an_intact_dump_passes(size: int) -> None:
    """Half and twice the usual size are allowed of a dump that is whole by its structure."""
    assert verdict(newest_dump_is_intact, replace(GOOD, size_bytes=size), DUMPS).status is Status.PASS


@pytest.mark.parametrize(
    ("changes", "reason", "word"),
    [
        ({"digests": digests(recorded="")}, Reason.NOT_ENOUGH_DATA, "metadata `sha256`"),
        ({"digests": digests(recorded="n/a")}, Reason.NOT_ENOUGH_DATA, "metadata `sha256`"),
        ({"digests": digests(stored="")}, Reason.UNSUPPORTED, "--checksum-algorithm SHA256"),
        ({"recent": before(1000, 1000), "others": 2}, Reason.NOT_ENOUGH_DATA, "wait"),
        ({"layers": ()}, Reason.UNSUPPORTED, "declare the `format`"),
        ({"layers": ("age",)}, Reason.UNSUPPORTED, "declare the `format`"),
        ({"files": 90}, Reason.UNSUPPORTED, "one file"),
        ({"size_bytes": 2001}, Reason.UNSUPPORTED, "sizes_since"),
        ({"size_bytes": 700, "completeness": Completeness(state="unknown")}, Reason.UNSUPPORTED, "sizes_since"),
        ({"completeness": Completeness(state="suspect", why="has no end")}, Reason.UNSUPPORTED, "restore it"),
    ],
)
def test_a_dump_that_cannot_be_proven_intact_is_unverified(changes: dict[str, Any], reason: Reason, word: str) -> None:
    """Without a digest, a known format or older dumps there is no PASS, and the remedy says what to do."""
    found = verdict(newest_dump_is_intact, replace(GOOD, **changes), DUMPS)
    assert (found.status, found.reason) == (Status.UNVERIFIED, reason)
    assert word in found.remedy


dumps = st.builds(
    lambda size, sizes, found: replace(
        GOOD, size_bytes=size, recent=before(*sizes), others=len(sizes), digests=digests(*found)
    ),
    st.integers(0, 3000),
    st.lists(st.integers(0, 3000), max_size=7),
    st.tuples(st.sampled_from(["", SHA256]), st.sampled_from(["", SHA256, OTHER])),
)


@given(dumps)
def test_a_worse_dump_never_improves_the_status(dump: NewestDump) -> None:
    """Lost content never improves the status, and a lost digest never results in PASS."""
    was = badness(newest_dump_is_intact, dump, DUMPS)
    (digest,) = dump.digests
    assert badness(newest_dump_is_intact, replace(dump, layers=()), DUMPS) >= was
    if digest.recorded:
        assert badness(newest_dump_is_intact, replace(dump, digests=digests(stored=OTHER)), DUMPS) >= was
    lost = replace(dump, digests=digests(recorded="", stored=digest.stored))
    assert badness(newest_dump_is_intact, lost, DUMPS) > 0
    assert badness(newest_dump_is_intact, replace(dump, recent=before(), others=0), DUMPS) > 0
    assert badness(newest_dump_is_intact, replace(dump, size_bytes=0), DUMPS) >= (was if dump.others > 2 else 0)


def body(content: bytes) -> dict[str, Any]:
    """A response of AWS with this content."""
    return answered(Body=StreamingBody(io.BytesIO(content), len(content)))


def facts_of(head: dict[str, Any], *contents: dict[str, Any], ages: int = 9) -> tuple[NewestDump, Wire]:
    """The facts that the observation reads from these responses, after a listing of `ages` dumps."""
    entries = [{"Key": f"hourly/{age}", "LastModified": NOW.replace(minute=age), "Size": age} for age in range(ages)]
    wire = Wire()
    wire.answer("s3:ListObjectsV2", answered(IsTruncated=False, Contents=entries))
    wire.answer("s3:HeadObject", head)
    wire.answer("s3:GetObject", *contents)
    return newest_dump(looking(wire), DUMPS), wire


def header(**fields: Any) -> dict[str, Any]:
    """A response of AWS to HEAD of a dump."""
    whole: dict[str, Any] = {"ContentLength": len(CONTENT), "ETag": '"e"', "Metadata": {"sha256": SHA256}}
    return answered(**{**whole, **fields})


def stored(content: bytes) -> str:
    """The SHA-256 as S3 stores it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def asked_of_content(wire: Wire) -> list[str]:
    """The ranges of the dump that were read."""
    return [parameters["headers"].get("Range", "all") for name, parameters in wire.asked if name == "s3:GetObject"]


def test_a_dump_with_a_stored_digest_is_not_read() -> None:
    """Only its beginning is read, and the facts have the sizes of the dumps before it."""
    found, wire = facts_of(header(ChecksumSHA256=stored(CONTENT)), body(CONTENT[:5]))
    assert (found.key, found.size_bytes, found.layers) == ("hourly/8", len(CONTENT), ("custom",))
    assert (found.digests[0].stored, found.others) == (SHA256, 8)
    assert [each.size_bytes for each in found.recent] == [0, 1, 2, 3, 4, 5, 6, 7, len(CONTENT)]
    assert asked_of_content(wire) == ["bytes=0-1048575"]


@pytest.mark.parametrize("checksum", [None, stored(CONTENT) + "-3", "not base64!"])
def test_a_dump_without_a_stored_digest_is_read(checksum: str | None) -> None:
    """The checksum of a multipart upload is not the digest of the content."""
    found, wire = facts_of(header(ChecksumSHA256=checksum), body(CONTENT))
    assert (found.digests[0].stored, found.layers) == (SHA256, ("custom",))
    assert asked_of_content(wire) == ["all"]


def test_a_dump_too_large_to_read_has_no_stored_digest() -> None:
    """Only its beginning is read."""
    found, wire = facts_of(header(ContentLength=10**12), body(CONTENT[:5]))
    assert (found.digests[0].stored, asked_of_content(wire)) == ("", ["bytes=0-1048575"])


def test_an_empty_dump_is_not_read() -> None:
    """S3 rejects an empty range, so no content is requested."""
    found, wire = facts_of(header(ContentLength=0, ChecksumSHA256=stored(b"")))
    assert (found.size_bytes, found.broken, asked_of_content(wire)) == (0, "is empty", [])


@pytest.mark.parametrize(
    ("head", "content", "reason"),
    [
        (answered(), body(CONTENT), Reason.NOT_ENOUGH_DATA),
        (header(), answered(), Reason.NOT_ENOUGH_DATA),
        (header(), refusal("AccessDenied", status=403), Reason.DENIED),
        (header(), refusal("PreconditionFailed", status=412), Reason.STALE),
        (refusal("404", status=404), body(CONTENT), Reason.STALE),
    ],
)
def test_a_dump_that_could_not_be_read_is_no_fact(
    head: dict[str, Any], content: dict[str, Any], reason: Reason
) -> None:
    """An empty response, a denied call and a dump replaced during the observation raise ObservationError."""
    with pytest.raises(ObservationError) as caught:
        facts_of(head, content)
    assert caught.value.reason is reason


def test_an_empty_body_of_a_dump_is_no_fact() -> None:
    """An empty body of a dump that is not empty is an error of the transfer, not of the dump."""
    with pytest.raises(ObservationError, match="S3 returned 0 bytes of a dump of 1005 bytes"):
        facts_of(header(ChecksumSHA256=stored(CONTENT)), body(b""))


def test_without_a_dump_there_is_nothing_to_check() -> None:
    """The absence of dumps is reported by backup.dump.freshness."""
    with pytest.raises(ObservationError, match="there is no dump"):
        facts_of(header(), ages=0)
