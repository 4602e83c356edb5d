"""The corpus: ways to break tenant isolation and ways to keep it, on four schemas, tried on a real server."""
