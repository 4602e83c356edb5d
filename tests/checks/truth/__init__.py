"""docs/truth-matrix.md: what each check is tried on, counted from the tables of the tests."""
