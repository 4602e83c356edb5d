"""Code that runs with other rights, or by itself: functions, triggers, rules."""
