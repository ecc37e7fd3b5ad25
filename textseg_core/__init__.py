"""Segments what words describe in an image; knows nothing of ROS and needs no torch to run."""
