"""The faults of the box: one switch for each way to break it."""
