"""Proof that policies hold rows to the current tenant, from PostgreSQL's own stored trees."""
