"""The vocabulary of Basewatch and its adapters to AWS, PostgreSQL and the history store."""

__version__ = "0.1.0"
