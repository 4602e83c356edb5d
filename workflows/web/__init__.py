"""The web server of `basewatch serve`: its pages, who may read them, and what it endures."""
