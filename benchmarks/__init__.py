"""Measurements beside their physical limits: `python -m benchmarks [NAME…]`."""
