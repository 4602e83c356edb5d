"""Computes which roles can reach which rows: role memberships, privileges, and the class of each table."""
