"""Measurements on the machine at hand, each a command that prints figures and judges them."""
