"""What is granted around the policies."""
