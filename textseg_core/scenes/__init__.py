"""Scenes: what a picture holds, and a generator of rendered tabletop scenes."""
