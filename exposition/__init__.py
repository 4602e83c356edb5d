"""Renders the /metrics page: findings, SLOs, resources and CloudWatch series, in text and OpenMetrics."""
