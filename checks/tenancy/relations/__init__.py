"""Coverage of the relations that tenant-bound roles reach: row-level security, shared tables, views."""
