"""Measures Basewatch against a strict fake CloudWatch in a process of its own."""
