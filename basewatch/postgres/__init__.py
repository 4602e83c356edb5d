"""Asks PostgreSQL in transactions that never commit."""

from basewatch.postgres.session import Database, Limits, Parameters, Statement, connect

__all__ = ["Database", "Limits", "Parameters", "Statement", "connect"]
