"""Every relation a tenant-bound role reaches: under row-level security, shared, a view that adds nothing."""
