"""Writes referring expressions about a scene, each with the objects it means."""
