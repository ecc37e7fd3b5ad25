"""Reads expressions and finds what they mean among proposed instances, by rules that explain."""
