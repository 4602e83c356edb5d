"""A strict fake CloudWatch in a process of its own, and what Basewatch does against it, measured."""
