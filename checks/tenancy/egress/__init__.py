"""Ways by which rows leave the database."""
