"""What the program does, end to end: the command line and the passes behind it."""
