"""Whole schemas in common designs, on a real PostgreSQL: sound ones are green, broken ones are not."""
