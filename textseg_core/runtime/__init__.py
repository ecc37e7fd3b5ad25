"""Runtimes that run a network; each file imports its own, nothing else does."""
