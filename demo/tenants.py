"""The tenants of the sandbox: three customers in each tier, two canaries, and rows of each in every tenant table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import psycopg

# The canaries of config.yaml.
CANARY_A = "0ca9a11e-0000-4000-8000-00000000000a"
CANARY_B = "0ca9a11e-0000-4000-8000-00000000000b"

_SEED = Path(__file__).with_name("seed.sql")


def seed_tenants(connection: psycopg.Connection, now: datetime) -> None:
    """Insert about four thousand rows up to `now` (aware UTC), equal for equal times.

    The caller's role must be exempt from row-level security.
    """
    # The script has several statements with parameters. The server binds parameters of one statement only, so the
    # client binds them.
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(_SEED.read_bytes(), {"now": now, "canary_a": CANARY_A, "canary_b": CANARY_B})
