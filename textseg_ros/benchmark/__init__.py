"""Measurements of the node's parts, each a script that prints a table."""
