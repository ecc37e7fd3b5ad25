"""Metrics, baselines and the tables of the documentation."""
