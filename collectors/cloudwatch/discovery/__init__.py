"""Finds the resources that the configuration does not declare: plans the requests, sends them, keeps the result."""
