"""Measures the segmenter against others in one run, its memory, and how far the machine allows."""
