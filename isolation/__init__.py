"""Verifies tenant isolation of a PostgreSQL database: reads its catalogue, and proves what its policies let through."""
