"""The record of runs and of messages owed to people; `store.History` is its door and loads the database toolkit."""

from basewatch.history.values import ChainVerification, LastRun, OpenAlert, PendingNotification

__all__ = ["ChainVerification", "LastRun", "OpenAlert", "PendingNotification"]
