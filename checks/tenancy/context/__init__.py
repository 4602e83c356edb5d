"""The tenant context: session defaults, and functions that set it."""
