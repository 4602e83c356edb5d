"""Measurements beside what is possible: `python -m benchmarks [NAME…]`; figures, no verdicts."""
