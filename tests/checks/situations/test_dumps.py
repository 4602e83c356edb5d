"""Dumps as people make them: which are fresh, which are whole, and which cannot be judged."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import random
import sys
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import lz4.frame

from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Status, Verdict, unverified
from checks.backup.dump_freshness import dump_freshness, newest_dump_is_fresh
from checks.backup.dump_integrity import newest_dump_is_intact
from checks.backup.dump_integrity_facts import newest_dump
from checks.backup.dump_kept import dumps_are_kept, kept_dumps
from tests.checks.backup.archives import archive
from tests.checks.backup.bucket import BucketWire, Stored
from tests.checks.situations.situation import Situation, each
from tests.checks.verdicts import NOW
from tests.wire import looking_signed_in

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
NOT_GREEN, NOT_RED = (FAIL, UNVERIFIED), (PASS, UNVERIFIED)
PLAIN = (
    b"--\n-- PostgreSQL database dump\n--\n" + b"COPY t FROM stdin;\n" * 200 + b"-- PostgreSQL database dump complete\n"
)
ROLES = b"--\n-- PostgreSQL database cluster dump\n--\n" + b"CREATE ROLE app;\n" * 20
CLUSTER = ROLES + PLAIN
FILLER = bytes(range(256)) * 20


def component(**settings: Any) -> DumpBackups:
    """The declared dumps of the database `s`, one an hour."""
    declared = {"name": "d", "bucket": "b", "prefix": "hourly/", "database": "s", "every": "1h", "stale_after": "2h"}
    return DumpBackups.model_validate({**declared, **settings})


def fresh(*objects: Stored, **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on the freshness of these objects."""
    return lambda: _judged(dump_freshness, newest_dump_is_fresh, objects, settings)


def intact(*objects: Stored, **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on the integrity of the newest of these objects."""
    return lambda: _judged(newest_dump, newest_dump_is_intact, objects, settings)


def _judged(observe: Any, check: Any, objects: Sequence[Stored], settings: dict[str, Any]) -> Iterable[Verdict]:
    dumps = component(**settings)
    try:
        return tuple(check.judge(observe(looking_signed_in(BucketWire(*objects)), dumps), dumps, NOW))
    except ObservationError as error:
        return (unverified(error.reason, error.detail, remedy=error.remedy),)


def dump(
    age: timedelta, content: bytes | None = None, *, name: str = "s-{:%Y%m%dT%H%M%SZ}.dump", **more: Any
) -> Stored:
    """A dump of that age under a name with its date; without `content`, a whole archive."""
    at = NOW - age
    body = archive(at) if content is None else content
    return Stored(key=f"hourly/{name.format(at)}", written=at, content=body, **more)


def hourly(count: int, *, first: int = 1, **more: Any) -> list[Stored]:
    """Whole dumps, one an hour, the newest `first` hours old."""
    return [dump((first + number) * HOUR, **more) for number in range(count)]


def sized(size: int, age: timedelta) -> Stored:
    """A dump of that size whose structure cannot be read."""
    return dump(age, (b"PGDMP%d" % (age // MINUTE)).ljust(size, b"x"))


def newest(
    content: bytes, *, name: str = "s-{:%Y%m%dT%H%M%SZ}.dump", before: bytes | None = None, **more: Any
) -> list[Stored]:
    """A dump with this content, after five of the same kind and size, or of the content `before`."""
    older = [
        dump((number + 1) * HOUR, content[:-1] + bytes([number]) if before is None else before, name=name)
        for number in range(1, 6)
    ]
    return [dump(10 * MINUTE, content, name=name, **more), *older]


def sql_gz(number: int = 0) -> bytes:
    """A plain dump in gzip."""
    return gzip.compress(PLAIN.replace(b"COPY", b"-- %d\nCOPY" % number, 1), mtime=0)


def directory(age: timedelta, *, files: tuple[str, ...] = ("3456.dat", "3457.dat"), lost: str = "") -> list[Stored]:
    """A dump in directory format, each file compressed, its toc.dat last; without the file `lost`."""
    at = NOW - age
    folder = f"hourly/{at:%Y%m%dT%H%M%SZ}/"
    contents = {f"{name}.gz": gzip.compress(FILLER) for name in files}
    contents["toc.dat"] = archive(at, files=files)
    return [Stored(key=folder + name, written=at, content=body) for name, body in contents.items() if name != lost]


def s3_copy(of: Stored, key: str, age: timedelta) -> Stored:
    """A copy of an object within S3, which keeps its bytes and metadata."""
    return replace(of, key=f"hourly/{key}", written=NOW - age)


def _tar(*names: str) -> bytes:
    """A tar file with these members, each empty but for its name."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name.rstrip("/"))
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            tar.addfile(member)
    return written.getvalue()


def _broken(content: bytes) -> bytes:
    """The bytes with one in the middle that is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
}
# What hardly compresses.
NOISE = random.Random(1).randbytes(2 << 20)
OLD = dump(7 * DAY)
FRESHNESS = (
    Situation(
        number="F1",
        what="the newest object is a log, dumps stopped 9 h ago",
        right=(FAIL,),
        why="a log is no dump",
        judged=fresh(*hourly(4, first=9), Stored(key="hourly/s.log", written=NOW - 20 * MINUTE)),
        says="9h old",
    ),
    Situation(
        number="F2",
        what="last week's dump is copied over",
        right=NOT_GREEN,
        why="the name says that it is of last week",
        judged=fresh(*hourly(3, first=30), s3_copy(OLD, OLD.key[7:], 20 * MINUTE)),
        says="An old dump was written again",
    ),
    Situation(
        number="F3",
        what="an upload is unfinished, the last whole dump is 3 h old",
        right=(FAIL,),
        why="an unfinished upload is no object",
        judged=fresh(*hourly(3, first=3)),
    ),
    Situation(
        number="F4",
        what="the newest dump has no bytes",
        right=(PASS,),
        why="its integrity is judged by another check",
        judged=fresh(dump(20 * MINUTE, b""), *hourly(3)),
    ),
    Situation(
        number="F5",
        what="two databases under the prefix, the declared one stopped 30 h ago",
        right=(FAIL,),
        why="the dumps of the other are not of this",
        judged=fresh(*hourly(3, first=30), *hourly(3, name="other-{:%Y%m%dT%H%M%SZ}.dump", first=0)),
    ),
    Situation(
        number="F5-names",
        what="two databases, of which none is named like the declared one",
        right=(UNVERIFIED,),
        why="one of them has stopped, and the names do not say which is declared",
        judged=fresh(
            *hourly(3, first=30), *hourly(3, name="other-{:%Y%m%dT%H%M%SZ}.dump", first=0), database="securebase"
        ),
        says="pattern",
    ),
    Situation(
        number="F5-pattern",
        what="the same, with the pattern of the dumps",
        right=(FAIL,),
        why="the pattern selects the dumps that stopped",
        judged=fresh(
            *hourly(3, first=30),
            *hourly(3, name="other-{:%Y%m%dT%H%M%SZ}.dump", first=0),
            database="securebase",
            pattern="s-*.dump",
        ),
    ),
    Situation(
        number="F6",
        what="the newest dump is 20 minutes ahead",
        right=(UNVERIFIED,),
        why="its age is not known",
        judged=fresh(dump(-20 * MINUTE), *hourly(3)),
    ),
    Situation(number="F7", what="the prefix is empty", right=(FAIL,), why="there is no dump", judged=fresh()),
    Situation(
        number="F10",
        what="only digests and a manifest are fresh",
        right=(FAIL,),
        why="they are beside the dumps",
        judged=fresh(
            *hourly(3, first=9),
            *(
                Stored(key=f"hourly/{name}", written=NOW)
                for name in ("s-1.dump.sha256", "manifest.json", "_SUCCESS", "SHA256SUMS", "s-2.dump.asc.sig", "s.txt")
            ),
        ),
    ),
    Situation(
        number="F11",
        what="the same bytes are uploaded each hour under a new date",
        right=NOT_GREEN,
        why="the content is as old as its first upload",
        judged=fresh(*(dump(number * HOUR, FILLER) for number in range(24))),
    ),
    Situation(
        number="F12",
        what="an idle database in plain SQL repeats itself",
        right=(PASS,),
        why="plain SQL has no date, so equal dumps are sound",
        judged=fresh(*(dump(number * HOUR, PLAIN, name="s-{:%Y%m%dT%H}.sql") for number in range(24))),
    ),
    Situation(
        number="F13",
        what="the last dump of the day is copied to daily/ after the hourly dumps stopped",
        right=NOT_GREEN,
        why="the copy is as old as its original",
        judged=fresh(*hourly(3, first=9), s3_copy(dump(9 * HOUR), "daily/s-20260301.dump", MINUTE)),
    ),
    Situation(
        number="F14",
        what="copies go to daily/ beside fresh hourly dumps",
        right=(PASS,),
        why="the hourly dumps are fresh",
        judged=fresh(*hourly(9), s3_copy(dump(9 * HOUR), "daily/s-20260228.dump", MINUTE)),
    ),
    Situation(
        number="F15",
        what="names in local time, eight hours behind UTC",
        right=(PASS,),
        why="a name without a zone can be of any zone",
        judged=fresh(
            *(
                s3_copy(sized(900, number * HOUR), f"s-{NOW - (number + 8) * HOUR:%Y%m%d-%H%M}.dump", number * HOUR)
                for number in range(1, 9)
            )
        ),
    ),
    Situation(
        number="F16",
        what="directory archives, the newest without its toc.dat",
        right=(FAIL,),
        why="the newest whole one is 3 h old",
        judged=fresh(*directory(10 * MINUTE, lost="toc.dat"), *directory(3 * HOUR), *directory(4 * HOUR)),
    ),
    Situation(
        number="F17",
        what="directory archives, the newest whole",
        right=(PASS,),
        why="it is 10 minutes old",
        judged=fresh(*directory(10 * MINUTE), *directory(70 * MINUTE)),
    ),
    Situation(
        number="F18",
        what="WAL segments go on, base backups by WAL-G stopped",
        right=(UNVERIFIED,),
        why="this is no set of dumps",
        judged=fresh(
            Stored(key="hourly/basebackups_005/base_1/tar_partitions/part_001.tar.lz4", written=NOW - 9 * DAY),
            Stored(key="hourly/wal_005/0000000100000000000000AB.lz4", written=NOW),
        ),
    ),
    Situation(
        number="F19",
        what="names have an id for each dump and no date",
        right=(PASS,),
        why="ids name no database",
        judged=fresh(
            *(dump(number * HOUR, name=f"{word}.dump") for number, word in enumerate(("abba", "cafe", "fade"))),
            database="securebase",
        ),
    ),
    Situation(
        number="F20",
        what="app1 stopped, app2 goes on",
        right=(FAIL,),
        why="the number is part of the name",
        judged=fresh(
            *hourly(5, first=30, name="app1-{:%Y%m%dT%H}.dump"),
            *hourly(5, first=0, name="app2-{:%Y%m%dT%H}.dump"),
            database="app1",
        ),
    ),
    Situation(
        number="F21",
        what="dumps are numbered in their names",
        right=(PASS,),
        why="the numbers are no databases",
        judged=fresh(*(dump(number * HOUR, name=f"dump{40 - number:04}.dump") for number in range(9))),
    ),
    Situation(
        number="F22",
        what="a staging database is beside the declared one, which stopped",
        right=NOT_GREEN,
        why="its name holds the declared name, and it is another",
        judged=fresh(
            *hourly(5, first=30, name="my-app-{:%Y%m%dT%H}.dump"),
            *hourly(5, first=0, name="my-app-staging-{:%Y%m%dT%H}.dump"),
            database="my_app",
        ),
    ),
    Situation(
        number="F23",
        what="parts of one dump, the last a minute later",
        right=(PASS,),
        why="they are one dump",
        judged=fresh(
            *(dump(HOUR, FILLER, name="s-{:%Y%m%dT%H}.dump.gz." + part) for part in ("aa", "ab", "ac")),
            *hourly(3, first=2),
        ),
    ),
    Situation(
        number="F24",
        what="a CSV export and a Parquet file are fresh, the dumps are not",
        right=(FAIL,),
        why="no dump is named so",
        judged=fresh(
            *hourly(3, first=9),
            Stored(key="hourly/export.csv", written=NOW),
            Stored(key="hourly/s.parquet", written=NOW),
            Stored(key="hourly/s-orders.csv.gz", written=NOW),
        ),
    ),
    Situation(
        number="F25",
        what="the roles of the server are dumped beside the database, whose dumps stopped",
        right=(FAIL,),
        why="globals.sql holds no database",
        judged=fresh(*hourly(3, first=9), Stored(key="hourly/globals.sql.gz", written=NOW)),
    ),
    Situation(
        number="F26",
        what="the newest dump is in Glacier",
        right=(PASS,),
        why="its age is known",
        judged=fresh(dump(HOUR, storage_class="GLACIER"), *hourly(3, first=2)),
    ),
    Situation(
        number="F27",
        what="names have the date of expiry",
        right=(PASS,),
        why="a date in the future is not that of the dump",
        judged=fresh(*(dump(number * HOUR, name=f"s-{number}-until-20330101.dump") for number in range(1, 5))),
    ),
    Situation(
        number="F28",
        what="a temporary file of a running upload is fresh, the dumps are not",
        right=(FAIL,),
        why="a temporary file is no dump",
        judged=fresh(*hourly(3, first=9), Stored(key="hourly/s-20260301.dump.tmp", written=NOW)),
    ),
    Situation(
        number="F29",
        what="one file for each day of the week",
        right=(PASS,),
        why="the days are no databases",
        judged=fresh(*(dump(number * DAY, name="s-{:%a}.dump") for number in range(7)), stale_after="26h"),
    ),
    Situation(
        number="F30",
        what="a commit of letters in each name",
        right=(PASS,),
        why="the commits are no databases",
        judged=fresh(
            *(
                dump(number * HOUR, name="s-{:%Y%m%dT%H}-" + commit + ".dump")
                for number, commit in enumerate(("abcdef", "deadbe", "facade", "decade", "bedeca"))
            )
        ),
    ),
    Situation(
        number="F31",
        what="a repository of restic",
        right=(UNVERIFIED,),
        why="its newest file is no dump",
        judged=fresh(
            Stored(key="hourly/config", written=NOW - 9 * DAY),
            Stored(key=f"hourly/data/ab/{'ab' * 32}", written=NOW),
            Stored(key=f"hourly/snapshots/{'cd' * 32}", written=NOW),
        ),
    ),
    Situation(
        number="F32",
        what="only an export to Parquet",
        right=(FAIL,),
        why="it is no dump",
        judged=fresh(
            Stored(key="hourly/t/part-0001.gz.parquet", written=NOW), Stored(key="hourly/x.json", written=NOW)
        ),
    ),
    Situation(
        number="F33",
        what="rotated names, of which the newest is s.dump",
        right=(PASS,),
        why="s.dump.1 to s.dump.3 are older dumps",
        judged=fresh(
            *(
                s3_copy(dump(number * HOUR), "s.dump" + (f".{number}" if number else ""), number * HOUR)
                for number in range(4)
            )
        ),
    ),
    Situation(
        number="F34",
        what="a file for each database in a folder for each day, that of the declared one missing since yesterday",
        right=(FAIL,),
        why="the others are of other databases",
        judged=fresh(
            *(
                Stored(key=f"hourly/{NOW - number * DAY:%Y-%m-%d}/{name}.sql.gz", written=NOW - number * DAY)
                for number in range(5)
                for name in ("s", "other", "third")
                if name != "s" or number > 1
            )
        ),
    ),
    Situation(
        number="F35",
        what="a file for each table in a folder for each hour",
        right=(PASS,),
        why="the files of a folder are one dump",
        judged=fresh(
            *(
                Stored(key=f"hourly/s/{NOW - number * HOUR:%Y%m%dT%H}/{name}.sql.gz", written=NOW - number * HOUR)
                for number in range(5)
                for name in ("customers", "invoices")
            ),
            database="s",
        ),
    ),
    Situation(
        number="F36",
        what="dumps under Hive-style partitions",
        right=(PASS,),
        why="the newest is an hour old",
        judged=fresh(
            *(
                dump(number * HOUR, name="year={:%Y/}month=x/s-{:%H}.dump".replace("{:%H}", f"{number:02}"))
                for number in range(1, 5)
            )
        ),
    ),
    Situation(
        number="F37",
        what="dumps of last week are copied over, with the year at the end of their names",
        right=NOT_GREEN,
        why="a day after the 12th tells which number is the day",
        judged=fresh(
            *(
                s3_copy(
                    dump(7 * DAY + number * HOUR), f"s-{NOW - 7 * DAY - number * HOUR:%d-%m-%Y_%H}.dump", number * HOUR
                )
                for number in range(1, 5)
            )
        ),
    ),
    Situation(
        number="F38",
        what="dumps of five days ago are copied over, with milliseconds since 1970 in their names",
        right=NOT_GREEN,
        why="the name says when",
        judged=fresh(
            *(
                s3_copy(dump(5 * DAY), f"s-{int((NOW - 5 * DAY).timestamp()) * 1000 + number}.dump", number * HOUR)
                for number in range(1, 5)
            )
        ),
    ),
    Situation(
        number="F39",
        what="a backup catalogue of pg_probackup",
        right=(UNVERIFIED,),
        why="it is no set of dumps",
        judged=fresh(
            Stored(key="hourly/backups/s/SBOL94/backup.control", written=NOW),
            Stored(key="hourly/backups/s/SBOL94/database/base/1/112", written=NOW),
        ),
    ),
    Situation(
        number="F40",
        what="the roles are dumped beside the database, whose dumps stopped, under its name",
        right=(FAIL,),
        why="roles are no database",
        judged=fresh(*hourly(3, first=9), *hourly(3, first=0, name="s-roles-{:%Y%m%dT%H}.sql.gz")),
    ),
    Situation(
        number="F41",
        what="the job renames what failed",
        right=(FAIL,),
        why="the name says that it is none",
        judged=fresh(*hourly(3, first=9), dump(MINUTE, name="s-{:%Y%m%dT%H}.dump.failed")),
    ),
)


@each(FRESHNESS)
def test_the_freshness_of_dumps_is_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()


CUT = archive(NOW - 10 * MINUTE)[:-700]
INTEGRITY = (
    Situation(number="I0", what="sound dumps", right=(PASS,), why="they are whole", judged=intact(*hourly(9))),
    Situation(
        number="I1", what="no bytes", right=(FAIL,), why="it is empty", judged=intact(*newest(b"", before=FILLER))
    ),
    Situation(
        number="I2",
        what="shrunk by 90 %",
        right=(FAIL,),
        why="the data is lost",
        judged=intact(sized(500, MINUTE), *(sized(5000, number * HOUR) for number in range(1, 9))),
    ),
    Situation(
        number="I3",
        what="shrunk by 90 % five dumps ago",
        right=(FAIL,),
        why="a collapse does not become usual",
        judged=intact(
            *(sized(500, number * HOUR) for number in range(5)),
            *(sized(5000, number * HOUR) for number in range(5, 25)),
        ),
        says="instead of about 5000",
    ),
    Situation(
        number="I3-recovered",
        what="five small dumps, and a sound one after them",
        right=(FAIL,),
        why="each dump since the last pass is judged",
        judged=intact(
            sized(5000, MINUTE),
            *(sized(500, number * HOUR) for number in range(1, 6)),
            *(sized(5000, number * HOUR) for number in range(6, 26)),
        ),
        says="5 dumps of the last day",
    ),
    Situation(
        number="I3-month",
        what="collapsed for 20 days, with daily dumps of a month",
        right=(FAIL,),
        why="the ten days before were large",
        judged=intact(
            *(sized(500, number * DAY) for number in range(20)),
            *(sized(5000, number * DAY) for number in range(20, 30)),
        ),
    ),
    Situation(
        number="I3-accepted",
        what="the same, accepted by the operator",
        right=(PASS,),
        why="the database shrank on purpose",
        judged=intact(
            *(sized(500, number * DAY) for number in range(20)),
            *(sized(5000, number * DAY) for number in range(20, 30)),
            sizes_since="2026-02-15",
        ),
    ),
    Situation(
        number="I4",
        what="10 % less each hour for a day",
        right=(FAIL,),
        why="slow shrinking is shrinking",
        judged=intact(*(sized(int(6000 * 0.9 ** (24 - number)), number * HOUR) for number in range(25))),
    ),
    Situation(
        number="I4-days",
        what="3 % less each day for 60 days",
        right=(FAIL,),
        why="slow shrinking is shrinking",
        judged=intact(*(sized(int(6000 * 0.97 ** (60 - number)), number * DAY) for number in range(61))),
    ),
    Situation(
        number="I-spike",
        what="one dump of triple size a week ago",
        right=(PASS,),
        why="one large dump makes the others not small",
        judged=intact(
            *(sized(5000, number * DAY) for number in range(7)),
            sized(15000, 7 * DAY),
            *(sized(5000, number * DAY) for number in range(8, 20)),
        ),
    ),
    Situation(
        number="I-growth",
        what="a database that grows 5 % a day",
        right=(PASS,),
        why="growth is sound",
        judged=intact(*(sized(int(6000 * 1.05 ** (20 - number)), number * DAY) for number in range(21))),
    ),
    Situation(
        number="I-weekend",
        what="dumps vary by 20 %",
        right=(PASS,),
        why="compression varies",
        judged=intact(*(sized(5000 - 900 * (number % 2), number * HOUR) for number in range(30))),
    ),
    Situation(
        number="I5",
        what="truncated to 60 % before the digest was taken",
        right=NOT_GREEN,
        why="it may be cut off",
        judged=intact(sized(3000, MINUTE), *(sized(5000, number * HOUR) for number in range(1, 8))),
        says="cut off",
    ),
    Situation(
        number="I5-custom",
        what="a custom archive without its end, with the digest of what is left",
        right=(FAIL,),
        why="its structure shows that it is cut off",
        judged=intact(dump(10 * MINUTE, CUT), *hourly(5)),
        says="cut off",
    ),
    Situation(
        number="I5-steady",
        what="every dump is cut off alike",
        right=(FAIL,),
        why="the sizes agree, and the structure shows it",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR)[:-700]) for number in range(9))),
        says="cut off",
    ),
    Situation(
        number="I5-whole",
        what="a whole archive of 60 % of the usual size",
        right=(PASS,),
        why="a tenant left, and its structure is whole",
        judged=intact(dump(MINUTE, archive(NOW - MINUTE, data=b"x" * 2500)), *(hourly(8))),
    ),
    Situation(
        number="I6",
        what="plain SQL in gzip",
        right=(PASS,),
        why="it is read",
        judged=intact(*(dump(number * HOUR, sql_gz(number), name="s-{:%Y%m%dT%H}.sql.gz") for number in range(9))),
    ),
    Situation(
        number="I6-filler",
        what="begins like gzip, and cannot be opened",
        right=(UNVERIFIED,),
        why="its content is not known",
        judged=intact(*newest(b"\x1f\x8b\x08\x00" + FILLER)),
    ),
    Situation(
        number="I6-bz2",
        what="a custom archive in bzip2",
        right=(PASS,),
        why="it is read",
        judged=intact(*(dump(number * HOUR, bz2.compress(archive(NOW - number * HOUR))) for number in range(9))),
    ),
    Situation(
        number="I6-xz",
        what="a custom archive in xz",
        right=(PASS,),
        why="it is read",
        judged=intact(*(dump(number * HOUR, lzma.compress(archive(NOW - number * HOUR))) for number in range(9))),
    ),
    Situation(
        number="I6-page",
        what="an error page in gzip",
        right=(FAIL,),
        why="it is no dump",
        judged=intact(*newest(gzip.compress(b"<!DOCTYPE html>" + FILLER))),
    ),
    Situation(
        number="I6-nothing",
        what="gzip of nothing",
        right=(FAIL,),
        why="pg_dump failed before the pipe",
        judged=intact(*newest(gzip.compress(b""), before=FILLER)),
    ),
    *(
        Situation(
            number=f"I-{layer}",
            what=f"an envelope of {layer}",
            right=(UNVERIFIED,),
            why="its content is not known, and it is no fault",
            judged=intact(*newest(start + FILLER)),
            says="declare the `format`",
        )
        for layer, start in (
            ("openssl", b"Salted__"),
            ("base64", b"U2FsdGVkX1"),
            ("cms", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80"),
            ("zip", b"PK\x03\x04"),
            ("7z", b"7z\xbc\xaf\x27\x1c"),
            ("age", b"age-encryption.org/v1\n"),
            ("armoured age", b"-----BEGIN AGE ENCRYPTED FILE-----\n"),
            ("openpgp", b"-----BEGIN PGP MESSAGE-----\n"),
            ("binary openpgp", b"\x85\x02\x0c\x03"),
            ("openpgp with a passphrase", b"\x8c\x0d\x04\x09\x03\x02"),
            ("kms", b"\x01\x02\x02\x00\x78"),
        )
    ),
    *(
        Situation(
            number=f"I7-{layer}",
            what=f"plain SQL in {layer}",
            right=(PASS,),
            why="it is opened",
            judged=intact(
                *(
                    dump(number * HOUR, pack(PLAIN + b"-- %d\n" % number), name="s-{:%Y%m%dT%H}.sql.x")
                    for number in range(9)
                )
            ),
        )
        for layer, pack in PACKERS.items()
    ),
    *(
        Situation(
            number=f"I7-{layer}-cut",
            what=f"{layer} that was cut off, of a steady size and with the digest of what is left",
            right=(FAIL,),
            why="its end is missing",
            judged=intact(*newest(pack(archive(NOW, data=FILLER))[:-6])),
            says="is cut off",
        )
        for layer, pack in PACKERS.items()
    ),
    Situation(
        number="I7-large-cut",
        what="3 MiB of gzip without its end, and S3 has the digest",
        right=(FAIL,),
        why="it is read to its end",
        judged=intact(*newest(gzip.compress(archive(NOW, data=NOISE), mtime=0)[:-6])),
        says="its gzip ends too early",
    ),
    Situation(
        number="I7-damaged",
        what="gzip with a wrong byte in it",
        right=(FAIL,),
        why="it cannot be decompressed",
        judged=intact(*newest(_broken(gzip.compress(archive(NOW, data=NOISE), mtime=0)))),
        says="is damaged",
    ),
    Situation(
        number="I7-inside",
        what="a cut off archive in whole lz4",
        right=(FAIL,),
        why="what lz4 holds is cut off",
        judged=intact(*newest(lz4.frame.compress(CUT))),
        says="does not end as pg_dump ends",
    ),
    Situation(
        number="I7-trailing",
        what="gzip and something behind it",
        right=(UNVERIFIED,),
        why="gunzip warns and goes on",
        judged=intact(*newest(gzip.compress(archive(NOW, data=FILLER), mtime=0) + b"uploaded")),
    ),
    Situation(
        number="I7-members",
        what="gzip of two members, as pigz makes them",
        right=(PASS,),
        why="together they are whole",
        judged=intact(
            *newest(gzip.compress(PLAIN[:999], mtime=0) + gzip.compress(PLAIN[999:], mtime=0), before=sql_gz())
        ),
    ),
    Situation(
        number="I7-twice",
        what="zstd in gzip",
        right=(PASS,),
        why="both are opened",
        judged=intact(*(dump(n * HOUR, gzip.compress(zstd.compress(archive(NOW - n * HOUR)))) for n in range(9))),
        says="gzip",
    ),
    Situation(
        number="I29-plain",
        what="plain SQL of the schema alone",
        right=(FAIL,),
        why="no data can be restored",
        judged=intact(*newest(gzip.compress(PLAIN.replace(b"COPY", b"CREATE"), mtime=0))),
        says="holds no data",
    ),
    Situation(
        number="I10-roles",
        what="only the roles of the server, by pg_dumpall --globals-only",
        right=(FAIL,),
        why="it holds no database",
        judged=intact(*newest(ROLES)),
        says="only the roles",
    ),
    Situation(
        number="I39",
        what="an archive of another database",
        right=(FAIL,),
        why="the archive states its database",
        judged=intact(*(dump(n * HOUR, archive(NOW - n * HOUR, database="crm")) for n in range(9)), database="shop"),
        says="of the database crm",
    ),
    Situation(
        number="I39-staging",
        what="an archive of the staging database under the prefix of production",
        right=(UNVERIFIED,),
        why="the names resemble each other, and only a person knows",
        judged=intact(*(dump(n * HOUR, archive(NOW - n * HOUR, database="s_staging")) for n in range(9))),
        says="database: s_staging",
    ),
    Situation(
        number="I39-spelling",
        what="my-app is declared, and the archive says my_app",
        right=(PASS,),
        why="it is the same",
        judged=intact(
            *(dump(n * HOUR, archive(NOW - n * HOUR, database="my_app")) for n in range(9)), database="my-app"
        ),
    ),
    Situation(
        number="I8-declared",
        what="AES by OpenSSL, declared",
        right=(PASS,),
        why="it is what is declared, of the usual size, with its digest",
        judged=intact(*newest(b"Salted__" + FILLER), format=["custom", "openssl"]),
        says="content not read",
    ),
    Situation(
        number="I9-declared",
        what="age is declared, and the dump is not encrypted",
        right=(FAIL,),
        why="the promise is an encrypted dump",
        judged=intact(*hourly(9), format=["custom", "age"]),
        says="instead of custom+age",
    ),
    Situation(
        number="I7-declared",
        what="zstd is declared, and it is gzip",
        right=(FAIL,),
        why="it is not what is declared",
        judged=intact(*newest(sql_gz()), format=["plain", "zstd"]),
    ),
    Situation(
        number="I10",
        what="plain SQL",
        right=(PASS,),
        why="it begins and ends as pg_dump writes it",
        judged=intact(
            *(dump(number * HOUR, PLAIN + b"-- %d\n" % number, name="s-{:%Y%m%dT%H}.sql") for number in range(9))
        ),
    ),
    Situation(
        number="I10-cut",
        what="plain SQL without its last line",
        right=NOT_GREEN,
        why="it may be cut off",
        judged=intact(*(dump(number * HOUR, PLAIN[:3000] + b"-- %d\n" % number) for number in range(9))),
    ),
    Situation(
        number="I10-cluster",
        what="a dump of the whole server by pg_dumpall",
        right=(UNVERIFIED,),
        why="it is no dump of one database",
        judged=intact(*newest(CLUSTER)),
        says="pg_dumpall",
    ),
    Situation(
        number="I11",
        what="directory format",
        right=(PASS,),
        why="every file of its table of contents is there",
        judged=intact(*(each for number in range(5) for each in directory(number * HOUR))),
        says="3 files",
    ),
    Situation(
        number="I11-lost",
        what="directory format without one of its files",
        right=(FAIL,),
        why="a table is lost",
        judged=intact(
            *directory(MINUTE, lost="3456.dat.gz"),
            *(each for number in range(1, 5) for each in directory(number * HOUR)),
        ),
        says="3456.dat",
    ),
    Situation(
        number="I11-bare",
        what="only data files of a directory",
        right=NOT_GREEN,
        why="without toc.dat nothing can be restored",
        judged=intact(*directory(MINUTE, lost="toc.dat")),
    ),
    Situation(
        number="I12",
        what="a digest beside each dump instead of in the metadata",
        right=(PASS,),
        why="the digest was recorded, and it is right",
        judged=intact(
            *hourly(5, recorded=False),
            Stored(
                key=f"{dump(HOUR).key}.sha256",
                written=NOW,
                content=hashlib.sha256(dump(HOUR).content).hexdigest().encode() + b"  s.dump\n",
            ),
        ),
    ),
    Situation(
        number="I12-wrong",
        what="the digest beside the dump is another",
        right=(FAIL,),
        why="the dump is not what was made",
        judged=intact(
            *hourly(5, recorded=False),
            Stored(key=f"{dump(HOUR).key}.sha256", written=NOW, content=hashlib.sha256(b"other").hexdigest().encode()),
        ),
        says="recorded SHA-256",
    ),
    Situation(
        number="I13",
        what="archived at once by a lifecycle rule",
        right=(UNVERIFIED,),
        why="it cannot be read before it is restored",
        judged=intact(dump(MINUTE, storage_class="GLACIER", refused="InvalidObjectState"), *hourly(5)),
        says="archive",
    ),
    Situation(
        number="I13-denied",
        what="S3 says InvalidObjectState, and HEAD names no storage class",
        right=(UNVERIFIED,),
        why="it is archived, which is no missing permission",
        judged=intact(dump(MINUTE, refused="InvalidObjectState"), *hourly(5)),
        says="archive",
    ),
    Situation(
        number="I14",
        what="the key of the dump is pending deletion",
        right=(FAIL,),
        why="nothing can be restored from it",
        judged=intact(dump(MINUTE, refused="KMS.KMSInvalidStateException"), *hourly(5)),
        says="cannot be decrypted",
    ),
    Situation(
        number="I14-head",
        what="the key is disabled, and HEAD says only 400",
        right=(FAIL,),
        why="GET tells why",
        judged=intact(dump(MINUTE, refused="KMS.DisabledException", head_refused="400"), *hourly(5)),
        says="cannot be decrypted",
    ),
    Situation(
        number="I15",
        what="a composite checksum of a multipart upload",
        right=(PASS,),
        why="it is read whole",
        judged=intact(*hourly(5, checksum=False)),
    ),
    Situation(
        number="I16",
        what="S3 has another digest than the maker recorded",
        right=(FAIL,),
        why="it was damaged on its way",
        judged=intact(dump(MINUTE, recorded="0" * 64), *hourly(5)),
    ),
    Situation(
        number="I17",
        what="no digest was recorded",
        right=(UNVERIFIED,),
        why="damage on the way would not be seen",
        judged=intact(dump(MINUTE, recorded=False), *hourly(5)),
    ),
    Situation(
        number="I18",
        what="two dumps before it",
        right=(UNVERIFIED,),
        why="no size is usual yet",
        judged=intact(*hourly(3)),
    ),
    Situation(
        number="I19",
        what="the very same bytes for 24 hours",
        right=(FAIL,),
        why="an archive states its date, so two are never equal",
        judged=intact(*(dump(number * HOUR, archive(NOW)) for number in range(24))),
        says="same bytes",
    ),
    Situation(
        number="I19-kms",
        what="the same bytes under KMS, which gives each upload another ETag",
        right=(FAIL,),
        why="the digests agree",
        judged=intact(*(dump(number * HOUR, archive(NOW), etag=f'"{number}"') for number in range(24))),
        says="same bytes",
    ),
    Situation(
        number="I19-plain",
        what="plain SQL repeats itself",
        right=NOT_RED,
        why="an idle database does that",
        judged=intact(*(dump(number * HOUR, PLAIN, name="s-{:%H}.sql") for number in range(24))),
    ),
    Situation(
        number="I20",
        what="300 MiB, and S3 stores no digest",
        right=(UNVERIFIED,),
        why="it is not read whole",
        judged=intact(
            *(
                dump(number * HOUR, sized(900, number * HOUR).content, size=300 << 20, checksum=False)
                for number in range(5)
            )
        ),
    ),
    Situation(
        number="I22",
        what="an archive of last week under today's name",
        right=(FAIL,),
        why="the archive states when it was made",
        judged=intact(dump(MINUTE, archive(NOW - 7 * DAY)), *hourly(5)),
        says="made at 2026-02-22",
    ),
    Situation(
        number="I23",
        what="an error message of pg_dump",
        right=(FAIL,),
        why="it is no dump",
        judged=intact(*newest(b"pg_dump: error: connection to server failed: FATAL\n" + b"x" * 5000)),
    ),
    Situation(
        number="I24",
        what="only zero bytes",
        right=(FAIL,),
        why="no dump is so",
        judged=intact(*newest(bytes(5000), before=FILLER)),
    ),
    Situation(
        number="I25",
        what="a format that is not known",
        right=(UNVERIFIED,),
        why="it was not read, which is no fault",
        judged=intact(*newest(b"\xde\xad\xbe\xef" + FILLER)),
    ),
    Situation(
        number="I26",
        what="S3's error document",
        right=(FAIL,),
        why="it is no dump",
        judged=intact(*newest(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>' + b" " * 5000)),
    ),
    Situation(
        number="I27",
        what="encrypted by the S3 encryption client, declared",
        right=(PASS,),
        why="its metadata say so",
        judged=intact(
            dump(MINUTE, b"\xde\xad" + FILLER, metadata={"x-amz-key-v2": "k"}),
            *(dump(number * HOUR, b"%d" % number + FILLER) for number in range(1, 6)),
            format=["custom", "kms"],
        ),
    ),
    Situation(
        number="I28",
        what="parts of one custom archive",
        right=(PASS,),
        why="together they have the usual size and each its digest",
        judged=intact(
            *(
                dump(age * HOUR, archive(NOW - age * HOUR)[start : start + 2500], name="s-{:%Y%m%dT%H}.dump." + part)
                for age in range(1, 6)
                for part, start in (("aa", 0), ("ab", 2500))
            )
        ),
        says="2 files",
    ),
    Situation(
        number="I29",
        what="archives of the schema alone",
        right=(FAIL,),
        why="no data can be restored",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR, data=b"")) for number in range(9))),
        says="holds no data",
    ),
    Situation(
        number="I30",
        what="the database postgres is dumped under the name of the declared one",
        right=(FAIL,),
        why="it is another database",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR, database="postgres")) for number in range(9))),
        says="of the database postgres",
    ),
    Situation(
        number="I31",
        what="a tar file of some other folder, in gzip",
        right=(UNVERIFIED,),
        why="it is not what pg_dump makes",
        judged=intact(*newest(gzip.compress(_tar("var/log/"), mtime=0), name="s-{:%Y%m%dT%H}.tar.gz")),
    ),
    Situation(
        number="I32",
        what="a tar file of a directory archive, in gzip",
        right=(PASS,),
        why="it holds the files of pg_dump",
        judged=intact(
            *(
                dump(number * HOUR, gzip.compress(_tar("d/", "d/3456.dat.gz", str(number)), mtime=0))
                for number in range(9)
            )
        ),
    ),
    Situation(
        number="I33",
        what="SHA256SUMS names another file with the same ending",
        right=(UNVERIFIED,),
        why="it has no digest of the newest",
        judged=intact(
            *hourly(5, recorded=False),
            Stored(
                key="hourly/SHA256SUMS",
                written=NOW,
                content=f"{'0' * 64}  x{dump(HOUR).key[7:]}\n{'1' * 64}  y\n".encode(),
            ),
        ),
    ),
    Situation(
        number="I34",
        what="a truncated upload of an archive that pg_dump streamed",
        right=(FAIL,),
        why="its end is missing",
        judged=intact(dump(MINUTE, archive(NOW)[:-5]), *hourly(5)),
    ),
    Situation(
        number="I35",
        what="an older version of pg_dump",
        right=(PASS,),
        why="its archives are read too",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR, version=(1, 12))) for number in range(9))),
    ),
    Situation(
        number="I36",
        what="a future version of pg_dump",
        right=NOT_RED,
        why="an unknown version is no damage",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR, version=(1, 30))) for number in range(9))),
    ),
    Situation(
        number="I37",
        what="the message of a shell that found no pg_dump",
        right=(FAIL,),
        why="it is no dump",
        judged=intact(*newest(b"bash: line 1: pg_dump: command not found\n", before=FILLER)),
    ),
    Situation(
        number="I38",
        what="twice as large as ever",
        right=NOT_RED,
        why="a large import is no damage",
        judged=intact(dump(MINUTE, archive(NOW, data=b"x" * 20_000)), *hourly(5)),
    ),
    *(
        Situation(
            number=f"I40-{number}",
            what=what,
            right=(FAIL,),
            why="it is no dump of PostgreSQL",
            judged=intact(*newest(content.ljust(900, b" "), before=FILLER)),
        )
        for number, what, content in (
            ("mysql", "mysqldump by accident", b"-- MySQL dump 10.13  Distrib 8.0\n"),
            (
                "mariadb",
                "a dump of MariaDB in gzip",
                gzip.compress(b"/*M!999999\\- x */ \n-- MariaDB dump 10.19\n" + FILLER),
            ),
            ("sqlite", "a file of SQLite", b"SQLite format 3\x00"),
            ("json", "errors in JSON", b'{"errors":[{"code":"x"}]}'),
            ("prompt", "the message behind a prompt", b"Password: \npg_dump: error: no password supplied\n"),
            ("ssh", "the message of ssh", b"ssh: connect to host db port 22: Connection refused\n"),
            ("tar", "the message of tar", b"tar: write error: No space left on device\n"),
            (
                "gpg",
                "the message of gpg in gzip",
                gzip.compress(b"gpg: decryption failed: No secret key\n" + b" " * 99),
            ),
        )
    ),
    Situation(
        number="I41",
        what="an archive whose line ends were changed on its way",
        right=NOT_GREEN,
        why="its table of contents cannot be read any more",
        judged=intact(
            *(
                dump(number * HOUR, archive(NOW - number * HOUR, data=b"a\n" * 2000).replace(b"\n", b"\r\n"))
                for number in range(9)
            )
        ),
    ),
    Situation(
        number="I41-contents",
        what="archives that are cut off within their tables of contents",
        right=(FAIL,),
        why="nothing can be restored from them",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR)[:130]) for number in range(9))),
        says="within its table of contents",
    ),
    Situation(
        number="I32-bare",
        what="a tar file of the files of a directory archive, without their folder",
        right=(PASS,),
        why="it holds the files of pg_dump",
        judged=intact(
            *(
                dump(number * HOUR, gzip.compress(_tar("3456.dat.gz", "toc.dat", str(number)), mtime=0))
                for number in range(9)
            )
        ),
    ),
    Situation(
        number="I44",
        what="a file of a directory archive without a byte",
        right=(FAIL,),
        why="not even an empty table has that",
        judged=intact(
            *(replace(file, content=b"") if "3456" in file.key else file for file in directory(MINUTE)),
            *(each for number in range(1, 5) for each in directory(number * HOUR)),
        ),
        says="3456.dat",
    ),
    Situation(
        number="I45",
        what="plain SQL that creates another database",
        right=(FAIL,),
        why="it states the name",
        judged=intact(*newest(PLAIN.replace(b"COPY", b"\\connect crm\nCOPY", 1)), database="shop"),
        says="of the database crm",
    ),
    Situation(
        number="I42",
        what="the dump of last night is uploaded again under the name of this night",
        right=(FAIL,),
        why="its bytes are those of last night",
        judged=intact(
            dump(MINUTE, archive(NOW - DAY)),
            *(dump(number * DAY) for number in range(1, 9)),
            every="24h",
            stale_after="26h",
        ),
        says="same bytes",
    ),
    Situation(
        number="I42-weekly",
        what="the dump of last night is copied to weekly/ hours later",
        right=(PASS,),
        why="a copy on purpose keeps its date",
        judged=intact(
            *(dump(12 * HOUR + number * DAY, name="daily/s-{:%Y%m%d}.dump") for number in range(9)),
            s3_copy(dump(12 * HOUR), f"weekly/s-{NOW - 12 * HOUR:%Y%m%d}.dump", MINUTE),
            every="24h",
            stale_after="26h",
        ),
    ),
    Situation(
        number="I43",
        what="an archive that was made five days after its upload",
        right=(UNVERIFIED,),
        why="a clock is wrong, and which dates can be believed is not known",
        judged=intact(*(dump(number * HOUR, archive(NOW - number * HOUR + 5 * DAY)) for number in range(9))),
        says="later time",
    ),
)


@each(INTEGRITY)
def test_the_integrity_of_dumps_is_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()


GFS = {"daily": 7, "weekly": 4, "monthly": 12, "yearly": 5}


def kept(ages: Iterable[timedelta], **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on what is kept of dumps of these ages."""
    objects = [sized(900, age) for age in ages]
    return lambda: _judged(kept_dumps, dumps_are_kept, objects, {"keep": GFS, **settings})


def pyramid(
    *, daily: int = 7, weekly: int = 4, monthly: int = 12, yearly: int = 5, age: timedelta = 2 * HOUR
) -> set[timedelta]:
    """The ages of so many dumps of each tier, the newest of `age`."""
    return {
        age + number * period
        for count, period in ((daily, DAY), (weekly, 7 * DAY), (monthly, 30.4 * DAY), (yearly, 365.25 * DAY))
        for number in range(count)
    }


KEPT = (
    Situation(
        number="K1",
        what="seven daily, four weekly, twelve monthly, five yearly",
        right=(PASS,),
        why="all are kept",
        judged=kept(pyramid()),
    ),
    Situation(
        number="I21",
        what="three days of hourly dumps",
        right=NOT_GREEN,
        why="older ones were deleted, or never made",
        judged=kept([number * HOUR for number in range(72)]),
        says="since",
    ),
    Situation(
        number="I21-since",
        what="three days of hourly dumps of a platform that is two years old",
        right=(FAIL,),
        why="older ones were deleted",
        judged=kept([number * HOUR for number in range(72)], since="2024-03-01"),
    ),
    Situation(
        number="K2",
        what="three days of hourly dumps of a platform that is three days old",
        right=(PASS,),
        why="no older one is promised",
        judged=kept([number * HOUR for number in range(72)], since="2026-02-26"),
    ),
    Situation(
        number="K3", what="no weekly dump", right=(FAIL,), why="two weeks have none", judged=kept(pyramid(weekly=1))
    ),
    Situation(
        number="K4", what="no monthly dump", right=(FAIL,), why="months have none", judged=kept(pyramid(monthly=1))
    ),
    Situation(
        number="K5",
        what="no yearly dump of a platform of six years",
        right=(FAIL,),
        why="years have none",
        judged=kept(pyramid(yearly=1), since="2020-01-01"),
    ),
    Situation(
        number="K6",
        what="three of five yearly, and nobody says how old the platform is",
        right=(UNVERIFIED,),
        why="the oldest may be the first",
        judged=kept(pyramid(yearly=3)),
    ),
    Situation(
        number="K7",
        what="one day of the last seven has none",
        right=(FAIL,),
        why="seven daily dumps are promised",
        judged=kept(pyramid() - {2 * HOUR + 3 * DAY}),
    ),
    Situation(
        number="K8",
        what="nightly at midnight, now a bit before and now a bit after",
        right=(PASS,),
        why="a UTC day without a dump is no night without one",
        judged=kept([12 * HOUR + number * DAY + (number % 2) * 5 * MINUTE for number in range(8)], keep={"daily": 7}),
    ),
    Situation(
        number="K9",
        what="all daily dumps of five years",
        right=(PASS,),
        why="they are weekly, monthly and yearly ones too",
        judged=kept([HOUR + number * DAY for number in range(1700)]),
    ),
    Situation(number="K10", what="no dump", right=(FAIL,), why="none is kept", judged=kept([])),
    Situation(
        number="K11",
        what="six of seven daily dumps",
        right=NOT_GREEN,
        why="one is missing",
        judged=kept([HOUR + number * DAY for number in range(5)], keep={"daily": 7}, since="2025-01-01"),
    ),
    Situation(
        number="K12",
        what="monthly dumps on the first of each month",
        right=(PASS,),
        why="twelve are there",
        judged=kept(
            [
                NOW - NOW.replace(year=2025 + (month > 12), month=(month - 1) % 12 + 1, day=1, hour=1)
                for month in range(4, 16)
            ],
            keep={"monthly": 12},
        ),
    ),
    Situation(
        number="K13",
        what="one promised, a day old",
        right=(PASS,),
        why="the one is there",
        judged=kept([DAY], keep={"daily": 1}),
    ),
    Situation(
        number="K14",
        what="old dumps of no bytes",
        right=(FAIL,),
        why="nothing can be restored from them",
        judged=lambda: _judged(
            kept_dumps,
            dumps_are_kept,
            [*(dump(number * DAY, b"", recorded=False) for number in range(3, 9)), *hourly(20)],
            {"keep": {"daily": 7}, "since": "2025-01-01"},
        ),
    ),
)


@each(KEPT)
def test_kept_dumps_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
