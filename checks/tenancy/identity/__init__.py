"""Tenant-bound roles, the roles that they can become, and undeclared roles outside the isolation."""
