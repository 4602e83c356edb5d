"""The record of runs and pending notifications. `store.History` opens it and loads the database toolkit."""

from basewatch.history.values import AlertState, ChainVerification, HistoryStatus, LastRun, OpenAlert

__all__ = ["AlertState", "ChainVerification", "HistoryStatus", "LastRun", "OpenAlert"]
