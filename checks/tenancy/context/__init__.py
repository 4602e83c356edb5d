"""Who sets the tenant: defaults of sessions, and functions that change it."""
