"""A sandbox of SecureBase: a real PostgreSQL, AWS emulated by moto, a synthetic load, and faults to inject."""
