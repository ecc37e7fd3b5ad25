"""Looks at a machine and says what keeps the node from working there, and what to do about it."""
