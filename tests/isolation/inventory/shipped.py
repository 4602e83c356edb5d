"""Writes the digests of the built-in objects of every PostgreSQL on this machine into the list of shipped objects.

`python -m tests.isolation.inventory.shipped FOLDER...` also reads the servers of these folders, each with initdb and
postgres. Digests that are in the list stay: releases that are not on this machine shipped them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from basewatch.postgres.binaries import find_binaries
from basewatch.postgres.private_server import SUPERUSER, PostgresServer
from isolation.inventory.shipped_objects import LIST, written
from isolation.sql import load_statement

# A view that a server of this version ships with a known fault: it must never count as one that is as it should be.
_FAULTY = "lacks the fix"


def shipped_by(url: str) -> Iterator[str]:
    """The digest of every built-in object of a server that nobody has changed, without those that lack a fix."""
    with psycopg.connect(url) as connection:
        query = load_statement("inventory_system_changes").text
        for _, _, traits, _, digest, _ in connection.execute(query.encode(), {"since": "0"}).fetchall():
            if not any(trait.startswith(_FAULTY) for trait in traits):
                yield digest


def main(folders: list[str]) -> None:
    """Write the list."""
    digests = set(LIST.read_text(encoding="utf-8").split()) if LIST.exists() else set[str]()
    for folder in (None, *map(Path, folders)):
        with tempfile.TemporaryDirectory() as directory:
            server = PostgresServer.create(Path(directory), binaries=find_binaries(folder), password="shipped")
            try:
                digests.update(shipped_by(server.url("postgres", SUPERUSER, "shipped")))
            finally:
                server.remove()
    LIST.write_text(written(digests), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
