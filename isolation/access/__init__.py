"""Computes who can reach which rows: role membership, privileges, the class of each table."""
