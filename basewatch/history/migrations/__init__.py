"""The schema's history, one revision per file; Alembic runs them."""
