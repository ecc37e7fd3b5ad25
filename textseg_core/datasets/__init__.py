"""Readers of the published data sets and of folders of photographs."""
