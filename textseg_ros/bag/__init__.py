"""The node on a recorded bag: its behaviour fed from a file, its answers written into another."""
