"""The record of runs and pending notifications. `store.History` opens it and loads the database toolkit."""

from basewatch.history.values import (
    Acknowledgement,
    AlertState,
    Backlog,
    ChainVerification,
    HistoryStatus,
    LastRun,
    LoggedNotification,
    OpenAlert,
)

__all__ = [
    "Acknowledgement",
    "AlertState",
    "Backlog",
    "ChainVerification",
    "HistoryStatus",
    "LastRun",
    "LoggedNotification",
    "OpenAlert",
]
