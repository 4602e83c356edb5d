"""Grants that bypass the policies."""
