"""The guards of the audit table, as they stand."""
