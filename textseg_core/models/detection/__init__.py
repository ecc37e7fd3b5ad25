"""Mask R-CNN as a part of other networks: a fixed number of proposals for each image."""
