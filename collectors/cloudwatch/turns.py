"""Lets one thread compute at a time, so that a scrape waits behind one of them and not behind all."""

from __future__ import annotations

from threading import Lock

CPU_LOCK = Lock()
"""Held while an answer is worked on, never while anybody waits for one.

The interpreter lets only one thread run in any case; but of all that want to, it picks the next by chance, and a scrape
takes several turns. Threads that wait here do not take part in that.
"""
