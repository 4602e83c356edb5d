"""Situations that each family of checks has to judge rightly: one table a module, each row with its right verdict."""
