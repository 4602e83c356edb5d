"""Stored code that runs with other rights or implicitly: functions, triggers, rules."""
