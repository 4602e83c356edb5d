"""Tenant isolation as it behaves: what is seen to happen when it is tried, next to what is proven from catalogues."""
