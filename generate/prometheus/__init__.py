"""Rules for the user's Prometheus and routes for the user's Alertmanager, written from the configuration."""
