"""SecureBase in a box: a real PostgreSQL, AWS by moto, believable load, and one switch per way to break it."""
