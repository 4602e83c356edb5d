"""Attempts to read another tenant's rows through the API, by two canaries and on them alone."""
