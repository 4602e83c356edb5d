"""The layers of a dump are opened one by one; what cannot be opened is blamed on the dump only when it is its fault."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from basewatch.components import DumpBackups
from basewatch.postgres.server_account import ServerAccount
from basewatch.secrets import Secret
from basewatch.time_limit import TimeLimit
from workflows.restoring.budget import Budget, RestoreFailedError, RestoreUntriedError
from workflows.restoring.envelopes import Opener

PLAIN = b"--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n" + b"-- more\n" * 50
UNKNOWN = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of tests run as this process: the folders of tests are its own."""
    monkeypatch.setattr(ServerAccount, "choose", classmethod(lambda _: ServerAccount()))


@pytest.fixture
def opener(tmp_path: Path) -> Callable[..., Opener]:
    """An opener with these settings of the dumps and of the drill."""

    def make(format_: tuple[str, ...] = (), **drill: Any) -> Opener:
        declared = {"name": "m", "bucket": "b", "database": "m", "every": "1h", "stale_after": "2h"}
        promise = {"every": "7d", "within": "1h", **drill}
        dumps = DumpBackups.model_validate({**declared, "format": list(format_), "restore_drill": promise})
        assert dumps.restore_drill is not None
        return Opener(
            dumps=dumps,
            folder=tmp_path,
            budget=Budget.of(dumps.restore_drill),
            secret=lambda reference: Secret(str(reference), "hunter2"),
        )

    return make


def put(folder: Path, content: bytes) -> Path:
    """The content as a file."""
    path = folder / "fetched"
    path.write_bytes(content)
    return path


def zipped(*names: str) -> bytes:
    """A zip archive with these files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, PLAIN)
    return archive.getvalue()


ENVELOPES = {
    "gzip": gzip.compress(PLAIN),
    "bzip2": bz2.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "zip": zipped("a.sql"),
}


@pytest.mark.parametrize("layer", ENVELOPES)
def test_every_envelope_that_python_opens_is_opened(opener: Callable[..., Opener], tmp_path: Path, layer: str) -> None:
    """Also one in another; nothing of the layers stays on the disk but the dump."""
    opened = opener().opened(put(tmp_path, gzip.compress(ENVELOPES[layer])))
    assert (opened.layers, opened.path.read_bytes()) == (("gzip", layer, "plain"), PLAIN)
    assert list(tmp_path.iterdir()) == [opened.path]


DAMAGED = {
    "a gzip that is cut off": gzip.compress(PLAIN)[:-20],
    "an xz with a wrong byte": lzma.compress(PLAIN)[:-20] + b"x" * 20,
    "a zip of two files": zipped("a.sql", "b.sql"),
    "a zip that is cut off": zipped("a.sql")[:-30],
    "an error page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "a gzip of unknown bytes": gzip.compress(UNKNOWN),
    "nothing": b"",
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_dump_is_a_failure(opener: Callable[..., Opener], tmp_path: Path, what: str) -> None:
    """It could not be restored on the day of a disaster either."""
    with pytest.raises(RestoreFailedError):
        opener().opened(put(tmp_path, DAMAGED[what]))


UNOPENED = {
    "bytes that nobody knows": UNKNOWN,
    "age without a command": b"age-encryption.org/v1\n" + UNKNOWN,
    "a dump of a whole server": PLAIN.replace(b"database dump", b"database cluster dump"),
}


@pytest.mark.parametrize("what", UNOPENED)
def test_what_is_not_declared_is_not_blamed_on_the_dump(
    opener: Callable[..., Opener], tmp_path: Path, what: str
) -> None:
    """The remedy says what to declare."""
    with pytest.raises(RestoreUntriedError) as caught:
        opener().opened(put(tmp_path, UNOPENED[what]))
    assert "declare" in caught.value.remedy


def test_a_declared_layer_without_a_mark_is_opened_by_its_command(
    opener: Callable[..., Opener], tmp_path: Path
) -> None:
    """The command reads the layer; its secret is in a file that is gone afterwards."""
    command = {
        "run": ["sh", "-c", 'test "$(cat "$1")" = hunter2 && tail -c +1025', "sh", "{secret}"],
        "secret": "env:K",
    }
    opened = opener(("plain", "openssl"), commands={"openssl": command}).opened(put(tmp_path, UNKNOWN + PLAIN))
    assert (opened.layers, opened.path.read_bytes()) == (("openssl", "plain"), PLAIN)
    assert not (tmp_path / "secret").exists()


def test_a_command_that_fails_says_why_without_its_secret(opener: Callable[..., Opener], tmp_path: Path) -> None:
    """What the program says is shown, but for the secret."""
    command = {"run": ["sh", "-c", 'echo "bad key: $(cat "$1")" >&2; exit 3', "sh", "{secret}"], "secret": "env:K"}
    with pytest.raises(RestoreFailedError, match="status 3: bad key: …"):
        opener(("plain", "openssl"), commands={"openssl": command}).opened(put(tmp_path, UNKNOWN))


def test_a_command_that_is_not_installed_is_not_blamed_on_the_dump(
    opener: Callable[..., Opener], tmp_path: Path
) -> None:
    """Nothing was tried."""
    command = {"run": ["no-such-program"]}
    with pytest.raises(RestoreUntriedError, match="no-such-program cannot be started"):
        opener(("plain", "age"), commands={"age": command}).opened(put(tmp_path, UNKNOWN))


def test_a_bomb_ends_at_the_limit(opener: Callable[..., Opener], tmp_path: Path) -> None:
    """By Python, and by a program that writes for ever."""
    small = opener(("plain", "openssl"), commands={"openssl": {"run": ["cat", "/dev/zero"]}})
    small = replace(small, budget=replace(small.budget, max_bytes=1 << 20))
    with pytest.raises(RestoreFailedError, match="larger than"):
        small.opened(put(tmp_path, gzip.compress(b"\0" * (4 << 20))))
    with pytest.raises(RestoreFailedError, match="larger than"):
        small.opened(put(tmp_path, UNKNOWN))


def test_a_program_that_hangs_ends_at_the_deadline(opener: Callable[..., Opener], tmp_path: Path) -> None:
    """It is killed."""
    slow = opener(("plain", "openssl"), commands={"openssl": {"run": ["sleep", "600"]}})
    slow = replace(slow, budget=replace(slow.budget, limit=TimeLimit.after(0.0)))
    with pytest.raises(RestoreFailedError, match="not restored"):
        slow.opened(put(tmp_path, UNKNOWN))


def test_a_packed_folder_is_unpacked_flat(opener: Callable[..., Opener], tmp_path: Path) -> None:
    """A member with a path that leads out of the folder does not leave it, and a link is no file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for name in ("dump/toc.dat", "../../3456.dat"):
            member = tarfile.TarInfo(name)
            member.size = 4
            packed.addfile(member, io.BytesIO(b"PGDM"))
        link = tarfile.TarInfo("dump/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    opened = opener(("directory", "tar")).opened(put(tmp_path, archive.getvalue()))
    assert (opened.format, {each.name for each in opened.path.iterdir()}) == ("directory", {"toc.dat", "3456.dat"})
    assert not (tmp_path.parent / "3456.dat").exists()
