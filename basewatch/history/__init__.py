"""The record of runs and of messages owed to people; `store.History` is its door and loads the database toolkit."""

from basewatch.history.values import Chain, LastRun, OpenAlert, Owed

__all__ = ["Chain", "LastRun", "OpenAlert", "Owed"]
