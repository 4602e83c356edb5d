"""CloudWatch metrics of all collectors: the fewest calls, counters that survive restarts, and discovery."""
