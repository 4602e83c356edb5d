"""Recording and alerting rules for Prometheus, generated from the configuration; one module for each AWS service."""
