"""Ways to break tenant isolation and ways to keep it, on four schemas, each tried for real on a server of its own."""
