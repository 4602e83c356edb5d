"""`python -m workflows` is the command line, where the script `basewatch` is not installed."""

from workflows.cli import main

main()
