"""Who a tenant-bound role is, what it can become, and who else is outside the isolation."""
