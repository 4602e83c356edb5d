"""Writes files from the configuration and the code: rules, routes, dashboards, schemas, pages of the documentation."""
