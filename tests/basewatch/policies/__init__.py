"""The evaluation of policies."""
