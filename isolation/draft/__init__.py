"""Proposes a tenancy manifest from a database's catalogue, for a person to review."""
