"""Egress: replication, foreign servers, extensions and large objects, through which rows can leave the database."""
