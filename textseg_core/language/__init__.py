"""Reads English commands: words, word lists, verbs, relations and grammatical number."""
