"""Turns annotated pictures into weights; needs torch, never needed at run time."""
