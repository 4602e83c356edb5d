"""The tenants of the box: three customers in each tier, two canaries, and rows of each in every tenant table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import psycopg

# The canaries of config.yaml.
CANARY_A = "0ca9a11e-0000-4000-8000-00000000000a"
CANARY_B = "0ca9a11e-0000-4000-8000-00000000000b"

_SEED = Path(__file__).with_name("seed.sql")


def seed_tenants(connection: psycopg.Connection, now: datetime) -> None:
    """Rows as they would have come about until `now` (aware UTC): about four thousand, and the same each time.

    The caller's role must be exempt from row-level security.
    """
    # Several statements with parameters in one go: they are bound here, as the server binds only one at a time.
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(_SEED.read_bytes(), {"now": now, "canary_a": CANARY_A, "canary_b": CANARY_B})
