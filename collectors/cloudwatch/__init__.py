"""Asks CloudWatch for every collector at once: plans the fewest calls, makes them, and says what it could not get."""
