"""Constraints that tell one tenant of another's rows."""
